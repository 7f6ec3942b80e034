#include "pipeline/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <thread>

#include "core/clock.h"
#include "core/log.h"
#include "core/pause.h"
#include "pipeline/gold_stage.h"
#include "pipeline/ledger_watch.h"
#include "pipeline/lives.h"
#include "pipeline/maintenance_stage.h"
#include "pipeline/run_start.h"
#include "pipeline/stations.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{50};
constexpr int kTicksPerReport = 4;
constexpr int64_t kWatermarksEveryMs = 1'000;
constexpr int64_t kMaxDrainMs = 20'000;
constexpr milliseconds kBrokerWait{5'000};
constexpr milliseconds kAskEvery{1'000};
constexpr milliseconds kAskEveryOnce{200};

// Whose worker owns a partition is for people to find.
std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "host";
}

void Keep(const Result<BuildResult>& result, GoldStatus& gold) {
  ++gold.builds;
  gold.finished_ms = WallClockMs();
  gold.ok = result && result->ok;
  if (!gold.ok) ++gold.failures;
  gold.error = result ? "" : result.error().message;
  if (!result) return;
  gold.seconds = result->seconds;
  gold.models = result->models;
  gold.tests = result->tests;
  gold.passed = result->passed;
  gold.warned = result->warned;
  gold.failed = result->failed;
  gold.errored = result->errored;
  gold.skipped = result->skipped;
}

void Keep(const Result<MaintainReport>& report, MaintenanceStatus& status) {
  ++status.rounds;
  status.finished_ms = WallClockMs();
  status.error = report ? "" : report.error().message;
  if (!report) ++status.failures;
  if (!report) return;
  for (const TableMaintenance& table : report->tables) {
    if (status.error.empty() && table.skipped) status.error = table.skipped->message;
    status.compacted_files += table.compacted_files;
    status.written_files += table.written_files;
    status.expired_snapshots += table.snapshots_expired;
    status.deleted_objects += table.deleted_objects + table.orphans;
  }
}

// One run from start to end; a method for each phase, in this order.
class Run {
 public:
  Run(const Spec& spec, const RunOptions& options, const RunEvents& events, StatusBoard& board,
      std::stop_token stop)
      : spec_(spec), options_(options), events_(events), board_(board), stop_(stop) {}

  Result<RunSummary> Execute() {
    board_.UpdateRun([](RunStatus& run) { run.started_ms = WallClockMs(); });
    SLUICE_ASSIGN(basis_, StartRun(spec_, options_, events_, board_, stop_));
    SLUICE_TRY(StartGold());
    StartMaintenance();
    StartWorkers();
    Supervise();
    return Finish();
  }

 private:
  struct Lane {
    Status status{};
    bool done = false;
    std::jthread thread{};  // last: joined before the rest goes
  };

  Status StartGold() {
    if (!spec_.gold) return {};
    board_.UpdateRun([](RunStatus& run) { run.gold.emplace(); });
    SLUICE_ASSIGN(gold_, GoldStage::Make(spec_, basis_.services, [this](const auto& result) {
                    board_.UpdateRun([&](RunStatus& run) { Keep(result, *run.gold); });
                    const std::lock_guard lock(events_mutex_);
                    events_.on_gold(result);
                  }));
    return {};
  }

  void StartMaintenance() {
    if (spec_.maintenance.off) return;
    board_.UpdateRun([](RunStatus& run) { run.maintenance.emplace(); });
    maintenance_.emplace(spec_, *basis_.services.database, [this](const auto& report) {
      board_.UpdateRun([&](RunStatus& run) { Keep(report, *run.maintenance); });
    });
  }

  WorkerOptions OptionsOf(int32_t number) const {
    WorkerOptions options;
    options.name = fmt::format("{}-{}-{}", HostName(), getpid(), number);
    options.number = number;
    options.workers = options_.workers;
    options.pipeline = spec_.pipeline;
    options.transform_hash = RegistrationOf(spec_).transform_hash;
    options.log = basis_.log;
    options.warehouse_every_ms = spec_.warehouse.every_ms;
    options.targets = basis_.targets;
    options.storm = spec_.storm;
    if (options_.accept_storm) options.storm.share_percent = 100;
    for (const auto& silver : spec_.silver) options.silver_tables.push_back(silver.table.Full());
    return options;
  }

  void StartWorkers() {
    start_ = Now();
    board_.UpdateRun([](RunStatus& run) { run.phase = RunPhase::kRunning; });
    watch_.emplace(*basis_.services.database, spec_.pipeline, basis_.log,
                   options_.once ? kAskEveryOnce : kAskEvery);
    for (int32_t number = 0; number < options_.workers; ++number) {
      Lane& lane = lanes_.emplace_back();
      lane.thread = std::jthread([this, &lane, options = OptionsOf(number)] {
        const LifeContext context{spec_, basis_.services, basis_.broker, board_, [this] {
                                    // A run that drains builds gold once, at its end.
                                    if (gold_ && !options_.once) gold_->NotifyCommit();
                                  }};
        Status status = RunLives(context, options, workers_stop_.get_token());
        if (!status && status.error().kind != ErrorKind::kShutdown) workers_stop_.request_stop();
        const std::lock_guard lock(lanes_mutex_);
        lane.status = std::move(status);
        lane.done = true;
      });
    }
  }

  void Supervise() {
    for (int tick = 0; !AllDone(); ++tick) {
      const bool stopping = stop_.stop_requested() || workers_stop_.stop_requested();
      board_.UpdateRun([&](RunStatus& run) {
        if (stopping) run.phase = RunPhase::kStopping;
        run.high = high_;
        run.waiting = watch_->Trouble();
      });
      if (stopping && maintenance_) maintenance_->RequestStop();
      if (options_.once && TargetsReached()) workers_stop_.request_stop();
      if (stop_.stop_requested() && IsDrained()) workers_stop_.request_stop();
      if (tick % kTicksPerReport == 0) ReportProgress();
      // Not with stop_: after a stop was asked for, the workers still need their time.
      PauseFor(kTick, {});
    }
  }

  // Records of a broker of our own die with this process, so a stop waits until they are read;
  // those of a real one wait for the next run.
  bool IsDrained() {
    if (basis_.broker.own == nullptr) return true;
    if (stop_asked_ == SteadyTime{}) stop_asked_ = Now();
    if (ElapsedMs(stop_asked_) > kMaxDrainMs) return true;
    std::map<PartitionId, Offset> read;
    const StatusSnapshot now = board_.Snapshot();
    for (const auto& [name, worker] : now.workers) {
      for (const auto& [partition, status] : worker.partitions) {
        read[partition] = status.stopped ? Offset{INT64_MAX} : status.read;
      }
    }
    for (int32_t partition = 0; partition < basis_.partitions; ++partition) {
      if (drain_to_.contains(PartitionId{partition})) continue;
      const auto high = basis_.watcher->QueryWatermarks(PartitionId{partition}, kBrokerWait);
      if (!high) {
        LogError("the broker did not say how far to drain", high.error());
        return false;
      }
      drain_to_[PartitionId{partition}] = high->high;
    }
    return std::all_of(drain_to_.begin(), drain_to_.end(),
                       [&](const auto& target) { return read[target.first] >= target.second; });
  }

  bool AllDone() {
    const std::lock_guard lock(lanes_mutex_);
    return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.done; });
  }

  std::map<PartitionId, Error> StoppedPartitions() const {
    std::map<PartitionId, Error> stopped = basis_.stopped_at_start;
    const StatusSnapshot now = board_.Snapshot();
    for (const auto& [name, worker] : now.workers) {
      for (const auto& [partition, status] : worker.partitions) {
        if (status.stopped) stopped.insert({partition, *status.stopped});
      }
    }
    return stopped;
  }

  // Asks the ledger, not our workers: another process may own some of the partitions.
  bool TargetsReached() const {
    const auto marks = watch_->Marks();
    const auto stopped = StoppedPartitions();
    return std::all_of(basis_.targets.begin(), basis_.targets.end(), [&](const auto& target) {
      const auto mark = marks.find(target.first);
      return stopped.contains(target.first) ||
             (mark != marks.end() && mark->second >= target.second);
    });
  }

  void ReportProgress() {
    RunProgress progress;
    progress.workers = board_.Snapshot().workers;
    progress.seconds = static_cast<double>(ElapsedMs(start_)) / 1000;
    std::map<PartitionId, Offset> marks;
    for (const auto& [name, worker] : progress.workers) {
      progress.records += worker.records;
      progress.ok += worker.ok;
      progress.quarantined += worker.quarantined;
      progress.skipped += worker.skipped;
      if (progress.waiting.empty()) progress.waiting = worker.reason;
      for (const auto& [partition, status] : worker.partitions) marks[partition] = status.warehouse;
    }
    if (progress.waiting.empty()) progress.waiting = watch_->Trouble();
    progress.lag = LagOf(marks);
    if (options_.once) progress.target = TargetRecords();
    last_ = progress;
    const std::lock_guard lock(events_mutex_);
    events_.on_progress(progress);
  }

  int64_t TargetRecords() const {
    int64_t records = 0;
    for (const auto& [partition, target] : basis_.targets) records += target.value;
    return records;
  }

  // High marks are asked for once a second; a broker that does not answer leaves the old ones.
  int64_t LagOf(const std::map<PartitionId, Offset>& marks) {
    if (ElapsedMs(last_watermarks_) >= kWatermarksEveryMs) {
      last_watermarks_ = Now();
      for (const auto& [partition, mark] : marks) {
        const auto high = basis_.watcher->QueryWatermarks(partition, milliseconds{200});
        if (high) high_[partition] = high->high;
      }
    }
    if (high_.empty()) return -1;
    int64_t lag = 0;
    for (const auto& [partition, high] : high_) {
      const auto mark = marks.find(partition);
      if (mark != marks.end()) lag += std::max<int64_t>(0, high.value - mark->second.value);
    }
    return lag;
  }

  Result<RunSummary> Finish() {
    board_.UpdateRun([](RunStatus& run) { run.phase = RunPhase::kStopping; });
    ReportProgress();
    std::optional<Error> failure;
    for (const Lane& lane : lanes_) {
      if (!lane.status && !failure) failure = lane.status.error();
    }
    lanes_.clear();
    maintenance_.reset();
    if (failure) return Fail(*failure);
    RunSummary summary{.last = last_, .stopped = StoppedPartitions(), .gold = std::nullopt};
    if (gold_) summary.gold = gold_->BuildNow();
    return summary;
  }

  const Spec& spec_;
  const RunOptions& options_;
  const RunEvents& events_;
  StatusBoard& board_;
  std::stop_token stop_;
  RunBasis basis_;
  std::mutex events_mutex_;
  std::unique_ptr<GoldStage> gold_;
  std::map<PartitionId, Offset> high_;
  SteadyTime last_watermarks_{};
  SteadyTime stop_asked_{};
  std::map<PartitionId, Offset> drain_to_;
  SteadyTime start_ = Now();
  RunProgress last_;
  std::mutex lanes_mutex_;
  std::stop_source workers_stop_;
  std::optional<LedgerWatch> watch_;
  std::optional<MaintenanceStage> maintenance_;
  std::list<Lane> lanes_;  // threads: joined before all else goes
};

}  // namespace

Result<RunSummary> RunPipeline(const Spec& spec, const RunOptions& options, const RunEvents& events,
                               StatusBoard& board, std::stop_token stop) {
  return Run(spec, options, events, board, stop).Execute();
}

}  // namespace sluice
