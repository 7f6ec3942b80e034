#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "pipeline/status_board.h"

namespace sluice {

/// Why a run is not ready, or not alive: a stable name for programs and a text for people, which
/// never holds anything of a record.
struct HealthReason {
  std::string code;  ///< starting, waiting, stopping, partition_stopped, worker_stuck, run_stuck
  std::string text;
};

/// Returns why the process should be killed and started again; empty when it is alive. A run that
/// waits for a service is alive.
std::vector<HealthReason> WhyNotAlive(const StatusSnapshot& status, SteadyTime now);

/// Returns why records do not flow; empty when they do, or would if any came.
std::vector<HealthReason> WhyNotReady(const StatusSnapshot& status, SteadyTime now);

/// Returns whether the run has got through its start and all its workers work.
bool IsRunning(const StatusSnapshot& status);

/// Returns `starting`, `running`, `stopping`.
std::string_view Name(RunPhase phase);

/// One partition with the worker that has it.
struct OwnedPartition {
  std::string worker;
  SteadyTime alive{};
  PartitionStatus status;
};

/// Returns every partition once: what a worker lost may still be on its list.
std::map<PartitionId, OwnedPartition> Partitions(const StatusSnapshot& status);

/// One past the partition's last record: asked for once a second, so what was read since may be
/// more. Nothing while it is not known.
std::optional<Offset> HighOf(const StatusSnapshot& status, PartitionId partition, Offset read);

/// Records of the topic behind a mark; -1: not known.
int64_t LagOf(std::optional<Offset> high, Offset mark);

}  // namespace sluice
