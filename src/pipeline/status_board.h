#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

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
  std::map<PartitionId, PartitionStatus> partitions;
  int64_t records = 0;
  int64_t ok = 0;
  int64_t quarantined = 0;
  int64_t skipped = 0;
  int64_t warehouse_commits = 0;
  int64_t lake_commits = 0;
  int64_t fenced = 0;
  int64_t nan_as_null = 0;
  std::map<std::string, int64_t> expectations;
};

/// What workers write and everybody else reads: copies, never references. Thread-safe.
class StatusBoard {
 public:
  void Update(const std::string& worker, const std::function<void(WorkerStatus&)>& change) {
    const std::lock_guard lock(mutex_);
    change(workers_[worker]);
  }
  std::map<std::string, WorkerStatus> Snapshot() const {
    const std::lock_guard lock(mutex_);
    return workers_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, WorkerStatus> workers_;
};

}  // namespace sluice
