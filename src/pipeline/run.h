#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/result.h"
#include "gold/dbt.h"
#include "pipeline/status_board.h"
#include "postgres/server_facts.h"
#include "stage/sink.h"

namespace sluice {

struct RunOptions {
  bool once = false;  ///< stop when all that was in the topic at the start is committed
  int32_t workers = 1;
  bool accept_storm = false;               ///< no share of bad records stops a partition
  std::chrono::milliseconds wait{60'000};  ///< for services that are away at the start
  AsyncCommit async_commit = AsyncCommit::kRefused;
};

/// How a run stands; sums count since it started.
struct RunProgress {
  std::map<std::string, WorkerStatus> workers;
  int64_t records = 0, ok = 0, quarantined = 0, skipped = 0;
  int64_t lag = -1;     ///< records in the topic that no sink has; -1: not known yet
  int64_t target = -1;  ///< `--once`: records to read; -1: none
  double seconds = 0;
  std::string waiting;  ///< the first reason why a worker waits; empty: none does
};

/// What a run tells while it goes; each is called from a thread of the run, one at a time.
struct RunEvents {
  std::function<void(const std::string& reason)> on_wait;
  std::function<void(const std::string& broker, bool embedded, bool own, LogId log)> on_source;
  std::function<void(const std::vector<TableChange>&)> on_tables;
  std::function<void(const RunProgress&)> on_progress;  ///< about five times a second
  std::function<void(const Result<BuildResult>&)> on_gold;
};

struct RunSummary {
  RunProgress last;
  std::map<PartitionId, Error> stopped;     ///< partitions that could not go on
  std::optional<Result<BuildResult>> gold;  ///< the last build; absent in a pipeline without
};

/// Runs the pipeline until `stop`, or, once, until what was there is committed; then commits what
/// is open and builds gold once more. `board` is kept up to date meanwhile, from before the
/// services answer. FailsWith what kept it from starting or ended it; then some
/// records may be read but not committed, and the next run takes them.
Result<RunSummary> RunPipeline(const Spec& spec, const RunOptions& options, const RunEvents& events,
                               StatusBoard& board, std::stop_token stop);

}  // namespace sluice
