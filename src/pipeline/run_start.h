#pragma once

#include <map>
#include <memory>
#include <stop_token>

#include "config/spec.h"
#include "core/result.h"
#include "pipeline/run.h"
#include "pipeline/services.h"
#include "stage/source.h"

namespace sluice {

/// What a run stands on once its services answered and its tables are there. Members are in the
/// order of their need: destroyed from the last.
struct RunBasis {
  Services services;
  BrokerUse broker;
  std::unique_ptr<Source> watcher;  ///< asks the broker; reads nothing
  LogId log;
  int32_t partitions = 0;
  std::map<PartitionId, Offset> targets;          ///< `--once`: where each partition ended
  std::map<PartitionId, Error> stopped_at_start;  ///< their mark is beyond that end
};

/// Waits for the services, checks them, makes or compares tables, finds the topic's log. Each
/// service that is away is waited for up to `options.wait`, with its reason on the board and in
/// `events`; then kRetryable. FailsWith kInvalidConfig what a start refuses (commit-protocol.md,
/// section 4), kShutdown when stopped meanwhile.
Result<RunBasis> StartRun(const Spec& spec, const RunOptions& options, const RunEvents& events,
                          StatusBoard& board, std::stop_token stop);

}  // namespace sluice
