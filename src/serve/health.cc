#include "serve/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace sluice {
namespace {

// A run looks around twenty times a second, but may wait for a server's answer meanwhile.
constexpr std::chrono::seconds kRunSilence{180};
// A worker writes after each batch. Kafka's group gives up on it after five minutes.
constexpr std::chrono::seconds kWorkerSilence{600};

HealthReason OfWorker(const std::string& name, const WorkerStatus& worker) {
  if (worker.state == "waiting") {
    return {"waiting", fmt::format("worker {} waits: {}", name, worker.reason)};
  }
  return {worker.state, fmt::format("worker {} is {}", name, worker.state)};
}

HealthReason OfPartition(PartitionId partition, const Error& error) {
  return {"partition_stopped",
          fmt::format("partition {} is stopped: {}", partition.value,
                      error.code.empty() ? std::string(Name(error.kind)) : error.code)};
}

}  // namespace

std::vector<HealthReason> WhyNotAlive(const StatusSnapshot& status, SteadyTime now) {
  std::vector<HealthReason> reasons;
  // A start waits for services and a stop for the last build, both as long as they may.
  if (status.run.phase != RunPhase::kRunning) return reasons;
  if (now - status.run.alive > kRunSilence) {
    reasons.push_back({"run_stuck", "the run has not looked around for three minutes"});
  }
  for (const auto& [name, worker] : status.workers) {
    if (worker.state == "stopped" || now - worker.alive <= kWorkerSilence) continue;
    reasons.push_back(
        {"worker_stuck", fmt::format("worker {} has done nothing for ten minutes", name)});
  }
  return reasons;
}

std::vector<HealthReason> WhyNotReady(const StatusSnapshot& status, SteadyTime now) {
  std::vector<HealthReason> reasons = WhyNotAlive(status, now);
  if (status.run.phase == RunPhase::kStopping) {
    reasons.push_back({"stopping", "the run is coming to its end"});
  }
  if (!status.run.waiting.empty()) {
    reasons.push_back({"waiting", status.run.waiting});
  } else if (status.run.phase == RunPhase::kStarting) {
    reasons.push_back({"starting", "the run is starting"});
  }
  for (const auto& [name, worker] : status.workers) {
    if (worker.state != "running") reasons.push_back(OfWorker(name, worker));
  }
  for (const auto& [partition, owned] : Partitions(status)) {
    if (owned.status.stopped) reasons.push_back(OfPartition(partition, *owned.status.stopped));
  }
  return reasons;
}

bool IsRunning(const StatusSnapshot& status) {
  return status.run.phase == RunPhase::kRunning && !status.workers.empty() &&
         std::ranges::all_of(status.workers,
                             [](const auto& item) { return item.second.state == "running"; });
}

std::string_view Name(RunPhase phase) {
  switch (phase) {
    case RunPhase::kStarting:
      return "starting";
    case RunPhase::kRunning:
      return "running";
    case RunPhase::kStopping:
      return "stopping";
  }
  return "";
}

std::map<PartitionId, OwnedPartition> Partitions(const StatusSnapshot& status) {
  std::map<PartitionId, OwnedPartition> partitions;
  for (const auto& [name, worker] : status.workers) {
    for (const auto& [id, partition] : worker.partitions) {
      const auto other = partitions.find(id);
      if (other != partitions.end() && other->second.alive >= worker.alive) continue;
      partitions.insert_or_assign(id, OwnedPartition{name, worker.alive, partition});
    }
  }
  return partitions;
}

std::optional<Offset> HighOf(const StatusSnapshot& status, PartitionId partition, Offset read) {
  const auto high = status.run.high.find(partition);
  if (high == status.run.high.end()) return std::nullopt;
  return std::max(high->second, read);
}

int64_t LagOf(std::optional<Offset> high, Offset mark) {
  return high ? std::max<int64_t>(0, high->value - mark.value) : -1;
}

}  // namespace sluice
