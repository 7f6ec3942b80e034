#include "pipeline/lake_lane.h"

#include <utility>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/thread.h"

namespace sluice {
namespace {

constexpr int64_t kMaxPendingRejectBytes = 64 << 20;

}  // namespace

Result<std::unique_ptr<LakeLane>> LakeLane::Start(LakeLaneOptions options, LakeSink& lake,
                                                  SqlDatabase& database, CommitterName name) {
  std::unique_ptr<LakeLane> lane(new LakeLane(std::move(options), lake, database, std::move(name)));
  // Before the first commit is due: what refuses a second session shows at the start.
  SLUICE_TRY(lane->committer_.Session());
  SLUICE_ASSIGN(lane->thread_, StartThread("the lake", [raw = lane.get()] { raw->Run(); }));
  return lane;
}

LakeLane::LakeLane(LakeLaneOptions options, LakeSink& lake, SqlDatabase& database,
                   CommitterName name)
    : options_(std::move(options)),
      lake_(lake),
      committer_(database, std::move(name), [this](const std::string& reason) {
        const std::lock_guard lock(mutex_);
        news_.waits_for = reason;
      }) {}

LakeLane::~LakeLane() {
  Stop();
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status LakeLane::Append(std::shared_ptr<const RowBatch> rows, std::vector<Epoch> epochs) {
  const auto bytes = static_cast<int64_t>(rows->arena->bytes());
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return failure_ || waiting_.empty() || waiting_bytes_ + bytes <= options_.waiting_bytes;
  });
  if (failure_) return Fail(*failure_);
  waiting_.push_back({std::move(rows), std::move(epochs)});
  waiting_bytes_ += bytes;
  has_open_rows_ = true;
  changed_.notify_all();
  return {};
}

Status LakeLane::Flush() {
  std::unique_lock lock(mutex_);
  flush_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return failure_ || !flush_; });
  return failure_ ? Status(Fail(*failure_)) : Status();
}

Status LakeLane::Check() const {
  const std::lock_guard lock(mutex_);
  return failure_ ? Status(Fail(*failure_)) : Status();
}

LakeLane::News LakeLane::TakeNews() {
  const std::lock_guard lock(mutex_);
  News news = news_;
  news_.committed.clear();
  news_.commits = 0;
  return news;
}

bool LakeLane::HasOpenRows() const {
  const std::lock_guard lock(mutex_);
  return has_open_rows_;
}

void LakeLane::Run() {
  std::unique_lock lock(mutex_);
  for (AwaitWork(lock); !closing_; AwaitWork(lock)) {
    std::deque<Batch> batches = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    const bool flush = flush_;
    changed_.notify_all();
    lock.unlock();
    Status status;
    for (Batch& batch : batches) {
      status = status ? Take(std::move(batch)) : std::move(status);
    }
    if (status && (flush || IsDue())) status = Commit();
    lock.lock();
    if (flush) flush_ = false;
    has_open_rows_ = !pending_.empty() || !waiting_.empty();
    if (!status) failure_ = status.error();
    changed_.notify_all();
    if (!status) return;
  }
}

void LakeLane::AwaitWork(std::unique_lock<std::mutex>& lock) {
  const auto has_work = [&] { return closing_ || flush_ || !waiting_.empty(); };
  if (pending_.empty()) return changed_.wait(lock, has_work);
  changed_.wait_until(lock, pending_.since() + std::chrono::milliseconds(options_.every_ms),
                      has_work);
}

Status LakeLane::Take(Batch batch) {
  pending_.Add(*batch.rows, batch.epochs, options_.silver_tables, options_.keep_rejects);
  SLUICE_TRY(lake_.Append(std::move(batch.rows)));
  return IsDue() ? Commit() : Status();
}

bool LakeLane::IsDue() const {
  if (pending_.empty()) return false;
  return ElapsedMs(pending_.since()) >= options_.every_ms ||
         lake_.OpenFileBytes() >= options_.file_bytes ||
         pending_.record_bytes() >= options_.record_bytes ||
         pending_.reject_bytes() >= kMaxPendingRejectBytes;
}

Status LakeLane::Commit() {
  if (pending_.empty()) return {};
  SLUICE_FAILPOINT("s1_seal", "lake");
  const CommitId commit = CommitId::Random();
  SLUICE_ASSIGN(const auto participant, lake_.Seal(commit));
  const Staged staged = pending_.Stage(commit, options_.log);
  const Status committed = committer_.Commit(staged, *participant, stop_.get_token());
  {
    const std::lock_guard lock(mutex_);
    news_.counters = committer_.counters();
    if (!committed) return committed;
    ++news_.commits;
    for (const auto& range : staged.ranges) news_.committed.push_back(range.counts.range);
  }
  SLUICE_FAILPOINT("s10_advance", "lake");
  pending_.Clear();
  return {};
}

}  // namespace sluice
