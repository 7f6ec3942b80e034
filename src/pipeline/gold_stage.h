#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "config/spec.h"
#include "core/result.h"
#include "gold/schedule.h"
#include "pipeline/services.h"

namespace sluice {

/// dbt beside a run: built after warehouse commits, its results kept in the ledger's schema.
class GoldStage {
 public:
  /// Starts the resident worker without waiting for it. `on_result` gets every outcome, on the
  /// stage's own thread. `services` outlives the stage. FailsWith kInvalidConfig.
  static Result<std::unique_ptr<GoldStage>> Make(
      const Spec& spec, Services& services,
      std::function<void(const Result<BuildResult>&)> on_result);

  void NotifyCommit();
  /// Returns a build that saw every commit notified before: the last one, the one in progress, or
  /// a new one; waits for it.
  Result<BuildResult> BuildNow();

 private:
  GoldStage() = default;
  Result<BuildResult> Build(std::stop_token stop);
  Result<BuildResult> WithCause(Result<BuildResult> result) const;

  SqlDatabase* database_ = nullptr;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool stale_ = true;  ///< a commit came after the last build's start
  bool building_ = false;
  std::optional<Result<BuildResult>> last_;
  std::unique_ptr<DbtWorker> worker_;
  std::unique_ptr<GoldRunner> runner_;  ///< a thread that uses the worker: destroyed first
};

/// Keeps a build's results in sluice.dbt_run and sluice.dbt_node.
Status StoreBuild(SqlSession& session, const std::string& pipeline, const BuildResult& build);

}  // namespace sluice
