#include "pipeline/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/failpoint.h"
#include "core/log.h"
#include "ledger/ledger.h"
#include "pipeline/batch_split.h"
#include "pipeline/worker_report.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPollWait{100};
// A small commit costs much the same with one row or with a hundred: so often at most.
constexpr milliseconds kBatchPace{7};
// From so many records on, the next batch need not wait for what arrives meanwhile. The loads under
// which faults are tried are small.
#ifdef SLUICE_FAILPOINTS
constexpr size_t kLargeBatchRecords = 8;
#else
constexpr size_t kLargeBatchRecords = 10'000;
#endif
constexpr milliseconds kBrokerWait{10'000};

std::map<PartitionId, Offset> Marks(const std::map<PartitionId, Claim>& claims, Sink sink) {
  std::map<PartitionId, Offset> marks;
  for (const auto& [partition, claim] : claims) {
    const auto position = claim.positions.find(sink);
    if (position != claim.positions.end()) marks[partition] = position->second.next;
  }
  return marks;
}

std::vector<Sink> SinksOf(const Stations& at) {
  if (at.warehouse == nullptr) return {Sink::kLake};
  return {Sink::kWarehouse, Sink::kLake};
}

}  // namespace

Worker::Worker(WorkerOptions options, Stations stations, StatusBoard& board,
               std::function<void()> on_warehouse_commit)
    : options_(std::move(options)),
      at_(stations),
      board_(board),
      on_warehouse_commit_(std::move(on_warehouse_commit)),
      storms_(options_.storm) {}

Status Worker::Run(std::stop_token stop) {
  // Nothing waits for a service any more when the run is to end.
  const std::stop_callback on_stop(stop, [this] { at_.lake.Stop(); });
  const Status status = Live(stop);
  open_.reset();
  NoteLake();
  PublishCounts();  // what ended this life, too: a commit that was fenced
  return status;
}

Status Worker::Live(std::stop_token stop) {
  while (!stop.stop_requested()) SLUICE_TRY(Step(stop));
  SLUICE_TRY(FlushLake(stop));
  Publish();
  return {};
}

Status Worker::Step(std::stop_token stop) {
  SLUICE_ASSIGN(Polled polled, at_.source.Poll(NextPoll()));
  const bool records_only =
      !polled.batch.ranges.empty() && polled.failures.empty() && polled.group.empty();
  if (!records_only && !polled.group.lost) SLUICE_TRY(FinishWarehouse(stop));
  for (const auto& failure : polled.failures) StopPartition(failure.partition, failure.error);
  SLUICE_TRY(TakeGroupChange(polled.group, stop));
  polled.batch.log = options_.log;
  SLUICE_TRY(Process(std::move(polled.batch), stop));
  if (ReachedTargets() && at_.lake.HasOpenRows()) SLUICE_TRY(FlushLake(stop));
  SLUICE_TRY(at_.lake.Check());
  NoteLake();
  Publish();
  return {};
}

Status Worker::TakeGroupChange(const GroupChange& change, std::stop_token stop) {
  if (!change.revoked.empty()) SLUICE_TRY(GiveBack(change, stop));
  if (!change.assigned.empty()) SLUICE_TRY(ClaimAndAssign(change.assigned));
  return {};
}

Status Worker::ClaimAndAssign(std::span<const PartitionId> partitions) {
  SLUICE_ASSIGN(const auto first, FirstOffsets(partitions));
  const Claimant me{options_.pipeline, options_.name, options_.log, SinksOf(at_),
                    options_.transform_hash};
  SLUICE_ASSIGN(SqlSession* const session, at_.committer.Session());
  SLUICE_ASSIGN(auto claims, ClaimPartitions(*session, me, first));
  SLUICE_FAILPOINT("claim");
  std::vector<OffsetRange> from;
  for (Claim& claim : claims) {
    const PartitionId partition = claim.partition;
    read_[partition] = claim.ResumeAt();
    from.push_back({partition, claim.ResumeAt(), {}});
    claims_.insert_or_assign(partition, std::move(claim));
  }
  return at_.source.Assign(from);
}

// Where partitions start at first sight: the run recorded those of a new log, so what is not known
// was added since and is read whole. Of the known ones the answer is not used.
Result<std::map<PartitionId, Offset>> Worker::FirstOffsets(
    std::span<const PartitionId> partitions) {
  SLUICE_ASSIGN(SqlSession* const session, at_.committer.Session());
  SLUICE_ASSIGN(const auto known, LeastMarks(*session, options_.pipeline, options_.log));
  std::map<PartitionId, Offset> first;
  for (const PartitionId partition : partitions) {
    if (known.contains(partition)) {
      first[partition] = known.at(partition);
    } else {
      SLUICE_ASSIGN(const Watermarks marks, at_.source.QueryWatermarks(partition, kBrokerWait));
      first[partition] = marks.low;
    }
  }
  return first;
}

// Lost partitions already belong to others: nothing of them may be committed, so this life ends.
Status Worker::GiveBack(const GroupChange& change, std::stop_token stop) {
  if (change.lost) {
    return Fail(ErrorKind::kFenced, "the consumer group took the partitions away");
  }
  SLUICE_TRY(FlushLake(stop));
  for (const PartitionId partition : change.revoked) {
    claims_.erase(partition);
    read_.erase(partition);
    stopped_.erase(partition);
  }
  return at_.source.Unassign(change.revoked);
}

void Worker::StopPartition(PartitionId partition, const Error& error) {
  if (!stopped_.insert({partition, error}).second) return;
  LogError(fmt::format("partition {} is stopped", partition.value), error);
  auto session = at_.committer.Session();
  const Status noted = session ? NoteStopped(**session, options_.pipeline, options_.name,
                                             options_.log, partition, error)
                               : Status(Fail(session.error()));
  // The note is for `sluice status` alone.
  if (!noted) LogError("why it stopped could not be noted", noted.error());
}

// Commits what lies before the storms and nothing behind: their records are read again by the next
// run.
Status Worker::StopAtStorms(const std::vector<Storm>& storms, RawBatch raw, std::stop_token stop) {
  std::map<PartitionId, Offset> cuts;
  for (const auto& range : raw.ranges) cuts[range.partition] = range.end;
  std::vector<PartitionId> silent;
  for (const Storm& storm : storms) {
    cuts[storm.partition] = storm.cut;
    silent.push_back(storm.partition);
    StopPartition(storm.partition, StormError(storm, options_.storm));
  }
  SLUICE_TRY(at_.source.Pause(silent));
  auto [calm, rest] = SplitBatch(std::move(raw), cuts);
  for (const auto& range : calm.ranges) read_[range.partition] = range.end;
  return calm.ranges.empty() ? Status{} : Take(std::move(calm), std::move(stop));
}

// What comes of partitions that are not ours, or that stopped.
void Worker::RemoveForeign(RawBatch& raw) const {
  const auto is_foreign = [&](const auto& item) {
    return !claims_.contains(item.partition) || stopped_.contains(item.partition);
  };
  if (std::erase_if(raw.ranges, is_foreign) > 0) std::erase_if(raw.records, is_foreign);
}

Status Worker::Process(RawBatch raw, std::stop_token stop) {
  RemoveForeign(raw);
  if (raw.ranges.empty()) return {};
  SLUICE_FAILPOINT("s0_collect");
  for (const auto& range : raw.ranges) {
    if (range.start == read_.at(range.partition)) continue;
    return Fail(
        ErrorKind::kInvariant,
        fmt::format("partition {} was read from offset {}, but {} was next", range.partition.value,
                    range.start.value, read_.at(range.partition).value));
  }
  const auto ranges = raw.ranges;
  auto [behind, fresh] = SplitBatch(std::move(raw), Marks(claims_, Sink::kWarehouse));
  if (!behind.ranges.empty()) SLUICE_TRY(CatchUp(std::move(behind)));
  if (!fresh.ranges.empty()) SLUICE_TRY(Take(std::move(fresh), stop));
  for (const auto& range : ranges) {
    if (!stopped_.contains(range.partition)) read_[range.partition] = range.end;
  }
  return {};
}

// Records that the warehouse has and the lake has not: a crash came between the two commits. What
// the quarantine holds of them was kept out then, so it is kept out now.
Status Worker::CatchUp(RawBatch raw) {
  std::map<PartitionId, int64_t> kept_out;
  for (const auto& range : raw.ranges) {
    kept_out[range.partition] =
        RemoveRecords(raw, range.partition, claims_.at(range.partition).kept_out);
  }
  SLUICE_ASSIGN(auto rows, at_.builder.Build(raw));
  if (!rows->quarantine.empty()) {
    const Reject& first = rows->quarantine.front().reject;
    return Fail(ErrorKind::kInvariant,
                fmt::format("partition {} offset {} is in the warehouse but is refused now: {}",
                            first.id.partition.value, first.id.offset.value, first.reason),
                "the transform must give the same answer each time; look for time, chance or an "
                "upgraded SQL engine");
  }
  for (auto& counts : rows->ranges) {
    counts.delivered += kept_out[counts.range.partition];
    counts.quarantined += kept_out[counts.range.partition];
  }
  return AppendToLake(std::move(rows));
}

Status Worker::Take(RawBatch raw, std::stop_token stop) {
  last_batch_ = Now();
  SLUICE_ASSIGN(auto rows, at_.builder.Build(raw));
  std::unique_ptr<Participant> participant;  // encoded while PostgreSQL takes the last batch
  if (at_.warehouse != nullptr) {
    SLUICE_ASSIGN(participant, at_.warehouse->Stage(*rows));
  }
  const size_t stopped = stopped_.size();
  SLUICE_TRY(FinishWarehouse(stop));
  if (stopped_.size() != stopped) {
    RemoveForeign(raw);
    if (raw.ranges.empty()) return {};
    SLUICE_ASSIGN(rows, at_.builder.Build(raw));
    participant.reset();
  }
  auto storms = storms_.Look(raw, *rows);
  if (!storms.empty()) return StopAtStorms(storms, std::move(raw), stop);
  if (at_.warehouse == nullptr) return Accept(raw, std::move(rows));
  return BeginWarehouse({std::move(raw), std::move(rows), std::move(participant)}, std::move(stop));
}

Status Worker::StageWarehouse(OpenCommit& open) {
  const RowBatch& rows = *open.rows;
  if (!open.participant) {
    SLUICE_ASSIGN(open.participant, at_.warehouse->Stage(rows));
  }
  open.staged = {.commit = CommitId::Random(),
                 .sink = Sink::kWarehouse,
                 .log = options_.log,
                 .ranges = {},
                 .quarantine = {}};
  for (const auto& counts : rows.ranges) {
    const PartitionId partition = counts.range.partition;
    open.staged.ranges.push_back({counts,
                                  claims_.at(partition).positions.at(Sink::kWarehouse).epoch,
                                  LeftOutOf(rows, partition, options_.silver_tables)});
  }
  for (const auto& row : rows.quarantine) open.staged.quarantine.push_back(&row);
  return {};
}

Status Worker::SendWarehouse(OpenCommit& open, std::stop_token stop) {
  SLUICE_FAILPOINT("s1_seal", "warehouse");
  return at_.committer.Commit(open.staged, *open.participant, std::move(stop));
}

Status Worker::BeginWarehouse(OpenCommit next, std::stop_token stop) {
  const bool large =
      next.raw.records.size() >= kLargeBatchRecords && options_.warehouse_every_ms == 0;
  open_ = std::make_unique<OpenCommit>(std::move(next));
  SLUICE_TRY(StageWarehouse(*open_));
  open_->outcome =
      std::async(large ? std::launch::async : std::launch::deferred,
                 [this, open = open_.get(), stop] { return SendWarehouse(*open, stop); });
  return large ? Status() : FinishWarehouse(std::move(stop));
}

Status Worker::FinishWarehouse(std::stop_token stop) {
  while (open_) {
    // What comes of it may begin another: the records before a storm.
    const std::unique_ptr<OpenCommit> open = std::move(open_);
    SLUICE_TRY(FinishOne(*open, stop));
  }
  return {};
}

// Rows that only PostgreSQL could refuse go to the quarantine first.
Status Worker::FinishOne(OpenCommit& open, std::stop_token stop) {
  for (Status status = open.outcome.get(); !status; status = SendWarehouse(open, stop)) {
    if (status.error().kind != ErrorKind::kBadData) return status;
    SLUICE_ASSIGN(const auto storms, TakeOutRejects(open, status.error()));
    if (!storms.empty()) return StopAtStorms(storms, std::move(open.raw), stop);
    open.participant.reset();
    SLUICE_TRY(StageWarehouse(open));
  }
  SLUICE_TRY(NoteWarehouse(*open.rows));
  return Accept(open.raw, std::move(open.rows));
}

Result<std::vector<Storm>> Worker::TakeOutRejects(OpenCommit& open, const Error& refusal) {
  SLUICE_ASSIGN(SqlSession* const session, at_.committer.Session());
  SLUICE_ASSIGN(auto rejects, at_.warehouse->FindRejects(*session, *open.rows));
  if (rejects.empty()) {
    return Fail(ErrorKind::kFatal,
                "PostgreSQL refuses a batch of which it takes every row: " + refusal.message,
                "look for a trigger or a deferred constraint on the table", refusal.code);
  }
  SLUICE_ASSIGN(auto refused, WithRecords(open.raw, std::move(rejects)));
  MoveToQuarantine(*open.rows, std::move(refused));
  return storms_.Look(open.raw, *open.rows);
}

Status Worker::NoteWarehouse(const RowBatch& rows) {
  SLUICE_FAILPOINT("s10_advance", "warehouse");
  for (const auto& counts : rows.ranges) {
    claims_.at(counts.range.partition).positions.at(Sink::kWarehouse).next = counts.range.end;
  }
  ReportCommit(board_, options_.name, Sink::kWarehouse);
  on_warehouse_commit_();
  return {};
}

// The rows are in the warehouse, or there is none.
Status Worker::Accept(const RawBatch& raw, std::shared_ptr<RowBatch> rows) {
  storms_.Pass(raw, *rows);
  ReportAccepted(board_, options_.name, *rows);
  return AppendToLake(std::move(rows));
}

Status Worker::AppendToLake(std::shared_ptr<const RowBatch> rows) {
  std::vector<Epoch> epochs;
  for (const auto& counts : rows->ranges) {
    epochs.push_back(claims_.at(counts.range.partition).positions.at(Sink::kLake).epoch);
  }
  return at_.lake.Append(std::move(rows), std::move(epochs));
}

Status Worker::FlushLake(std::stop_token stop) {
  SLUICE_TRY(FinishWarehouse(std::move(stop)));
  SLUICE_TRY(at_.lake.Flush());
  NoteLake();
  return {};
}

void Worker::NoteLake() {
  const LakeLane::News news = at_.lake.TakeNews();
  lake_counters_ = news.counters;
  lake_waits_for_ = news.waits_for;
  for (const auto& range : news.committed) {
    claims_.at(range.partition).positions.at(Sink::kLake).next = range.end;
  }
  for (int64_t i = 0; i < news.commits; ++i) ReportCommit(board_, options_.name, Sink::kLake);
  if (!news.committed.empty()) at_.source.ReportProgress(news.committed);
}

// In `run --once`: everything that was there at the start has been read.
bool Worker::ReachedTargets() const {
  if (options_.targets.empty()) return false;
  return std::all_of(claims_.begin(), claims_.end(), [&](const auto& item) {
    const auto target = options_.targets.find(item.first);
    return target == options_.targets.end() || read_.at(item.first) >= target->second ||
           stopped_.contains(item.first);
  });
}

// While a commit is on its way, what is there makes the next batch. A run that drains a topic has
// nothing to wait for.
PollTime Worker::NextPoll() const {
  if (open_) return {};
  if (!options_.targets.empty()) return {.first = kPollWait, .gather = {}};
  const milliseconds every(at_.warehouse == nullptr ? 0 : options_.warehouse_every_ms);
  return {.first = kPollWait, .gather = last_batch_ + std::max(kBatchPace, every)};
}

// While a commit is on its way its thread counts, and tells what it waits for.
void Worker::PublishCounts() {
  if (open_) return;
  board_.Update(options_.name, [&](WorkerStatus& status) {
    counts_.AddTo(status, Sum(at_.committer.counters(), lake_counters_), at_.builder.counters(),
                  at_.source.Counters());
  });
}

void Worker::Publish() {
  PublishCounts();
  if (!open_) {
    board_.Update(options_.name, [&](WorkerStatus& status) {
      status.state = lake_waits_for_.empty() ? "running" : "waiting";
      status.reason = lake_waits_for_;
    });
  }
  ReportPartitions(board_, options_.name, claims_, read_, stopped_);
}

}  // namespace sluice
