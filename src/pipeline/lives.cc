#include "pipeline/lives.h"

#include <algorithm>
#include <chrono>

#include "core/log.h"
#include "core/pause.h"
#include "pipeline/byte_budget.h"
#include "pipeline/lake_lane.h"
#include "pipeline/stations.h"

namespace sluice {
namespace {

constexpr int64_t kFirstDelayMs = 100;
constexpr int64_t kMaxDelayMs = 5'000;
constexpr int64_t kHealthyMs = 60'000;
// A producer waits while the embedded broker holds much of a partition that the lake has not: that
// must not take a whole lake.every.
constexpr int64_t kEmbeddedBytes = kEmbeddedBacklogBytes / 3;

void Report(StatusBoard& board, const std::string& worker, std::string_view state,
            const std::string& reason) {
  board.Update(worker, [&](WorkerStatus& status) {
    status.state = state;
    status.reason = reason;
  });
}

LakeLaneOptions LaneOptions(const LifeContext& context, const WorkerOptions& options) {
  const Spec& spec = context.spec;
  return {.log = options.log,
          .every_ms = spec.lake.every_ms,
          .file_bytes = spec.lake.file_size_bytes,
          .record_bytes = context.broker.embedded ? kEmbeddedBytes : INT64_MAX,
          .silver_tables = options.silver_tables,
          .keep_rejects = !spec.HasWarehouseSink(),
          .waiting_bytes = ByteShare::Of(options.workers).lake_waiting};
}

Status RunOneLife(const LifeContext& context, const WorkerOptions& options, std::stop_token stop) {
  auto stations = MakeStations(context.spec, *context.services.store, options.name);
  if (!stations) return Fail(AsError(stations.error()));
  SLUICE_ASSIGN(const auto source, MakeSource(context.spec, context.broker, options.name,
                                              {options.number, options.workers}));
  Committer committer(
      *context.services.database, {options.pipeline, options.name}, [&](const std::string& reason) {
        Report(context.board, options.name, reason.empty() ? "running" : "waiting", reason);
      });
  // The run has made the tables; this loads what it made.
  SLUICE_ASSIGN(SqlSession* const session, committer.Session());
  SLUICE_TRY(stations->lake->Prepare(*session));
  SLUICE_ASSIGN(const auto lane,
                LakeLane::Start(LaneOptions(context, options), *stations->lake,
                                *context.services.database, {options.pipeline, options.name}));
  Worker worker(options, {*source, *stations->builder, *lane, stations->warehouse.get(), committer},
                context.board, context.on_warehouse_commit);
  return worker.Run(stop);
}

bool MayLiveAgain(ErrorKind kind) {
  return kind == ErrorKind::kRetryable || kind == ErrorKind::kFenced ||
         kind == ErrorKind::kCommitUnknown;
}

}  // namespace

Status RunLives(const LifeContext& context, const WorkerOptions& options, std::stop_token stop) {
  for (int attempt = 0;; ++attempt) {
    const SteadyTime start = Now();
    const Status status = RunOneLife(context, options, stop);
    if (status) {
      Report(context.board, options.name, "stopped", "");
      return status;
    }
    const Error& error = status.error();
    Report(context.board, options.name, "waiting", error.message);
    if (!MayLiveAgain(error.kind)) return status;
    if (stop.stop_requested()) {
      return Fail(ErrorKind::kShutdown, "stopped before a clean commit: " + error.message,
                  "nothing is lost; run again");
    }
    LogError("worker starts anew", error);
    if (ElapsedMs(start) > kHealthyMs) attempt = 0;
    const int64_t delay = std::min(kMaxDelayMs, kFirstDelayMs << std::min(attempt, 6));
    PauseFor(std::chrono::milliseconds(delay), stop);
  }
}

}  // namespace sluice
