#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/error.h"
#include "core/types.h"

namespace sluice {

/// How far one partition is, as its worker knows it.
struct PartitionStatus {
  Offset read;       ///< next offset to come from Kafka
  Offset warehouse;  ///< mark; equal to `lake` in a pipeline without warehouse tables
  Offset lake;
  std::optional<Error> stopped{};  ///< why it cannot go on
};

/// What one worker is doing. Sums count since the process started.
struct WorkerStatus {
  std::string state = "starting";  ///< starting, running, waiting, draining, stopped
  std::string reason;              ///< what it waits for
  SteadyTime alive{};              ///< when it last wrote here
  std::map<PartitionId, PartitionStatus> partitions;
  int64_t records = 0;
  int64_t ok = 0;
  int64_t quarantined = 0;
  int64_t skipped = 0;
  std::map<std::string, int64_t> quarantine_reasons;
  int64_t warehouse_commits = 0;
  int64_t lake_commits = 0;
  int64_t warehouse_committed_ms = 0;  ///< wall clock of the last commit; 0: none yet
  int64_t lake_committed_ms = 0;
  int64_t retries = 0;  ///< of commits
  int64_t fenced = 0;
  int64_t doubts = 0;  ///< COMMIT sent, reply lost
  int64_t nan_as_null = 0;
  int64_t gap_offsets = 0;    ///< offsets without a record: compaction, transactions
  int64_t broker_errors = 0;  ///< of Kafka, those that went away
  std::map<std::string, int64_t> expectations;
};

/// The dbt builds of a run, and the last one.
struct GoldStatus {
  int64_t builds = 0;
  int64_t failures = 0;     ///< of them, those that did not run or whose tests failed
  int64_t finished_ms = 0;  ///< wall clock; 0: none yet
  bool ok = false;
  std::string error{};  ///< why it did not run
  double seconds = 0;
  int64_t models = 0, tests = 0, passed = 0, warned = 0, failed = 0, errored = 0, skipped = 0;
};

/// The lake's maintenance by this run.
struct MaintenanceStatus {
  int64_t rounds = 0;       ///< that were this process's turn
  int64_t failures = 0;     ///< of them
  int64_t finished_ms = 0;  ///< wall clock; 0: none yet
  std::string error{};      ///< of the last one, when it failed
  int64_t compacted_files = 0, written_files = 0, expired_snapshots = 0, deleted_objects = 0;
};

enum class RunPhase { kStarting, kRunning, kStopping };

/// What the run as a whole is doing.
struct RunStatus {
  RunPhase phase = RunPhase::kStarting;
  std::string waiting{};   ///< the service it waits for at its start, and why; empty: for none
  SteadyTime alive{};      ///< when it last wrote here; it does so several times a second
  int64_t started_ms = 0;  ///< wall clock
  std::string broker{};    ///< empty until it is known
  bool embedded_broker = false;
  LogId log{};
  std::map<PartitionId, Offset> high{};  ///< one past the topic's last record, where known
  std::optional<GoldStatus> gold{};      ///< absent in a pipeline without gold
  std::optional<MaintenanceStatus> maintenance{};  ///< absent where it is off
};

struct StatusSnapshot {
  RunStatus run;
  std::map<std::string, WorkerStatus> workers;
};

/// What a run and its workers write and everybody else reads: copies, never references.
/// Thread-safe.
class StatusBoard {
 public:
  void UpdateRun(const std::function<void(RunStatus&)>& change) {
    const std::lock_guard lock(mutex_);
    change(status_.run);
    status_.run.alive = Now();
  }
  void Update(const std::string& worker, const std::function<void(WorkerStatus&)>& change) {
    const std::lock_guard lock(mutex_);
    WorkerStatus& status = status_.workers[worker];
    change(status);
    status.alive = Now();
  }
  StatusSnapshot Snapshot() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  mutable std::mutex mutex_;
  StatusSnapshot status_;
};

}  // namespace sluice
