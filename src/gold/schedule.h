#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "core/clock.h"
#include "core/result.h"
#include "gold/dbt.h"

namespace sluice {

struct GoldOptions {
  std::chrono::milliseconds every{10'000};  ///< least time between two starts
  /// Runs one build; DbtWorker::Build of a worker that outlives the runner.
  std::function<Result<BuildResult>(std::stop_token)> build;
  /// Gets every outcome, on the runner's thread. May be slow, must not throw.
  std::function<void(const Result<BuildResult>&)> on_result;
};

/// Builds gold after warehouse commits, in a thread of its own that starts with this object and is
/// joined by its destructor: declare it last in its owner. A failure is handed to `on_result` and
/// never reaches the one who committed.
class GoldRunner {
 public:
  explicit GoldRunner(GoldOptions options);
  /// Cancels a build in progress.
  ~GoldRunner();

  /// Asks for a build soon: now, or `every` after the last start. Thread-safe, never waits. After
  /// a kRetryable failure the build is tried again without being asked.
  void NotifyCommit();
  /// Runs a build that starts after this call, at once or when the one in progress ends, and waits
  /// for it; so it sees all that was committed before. Thread-safe. FailsWith what the build does,
  /// kShutdown when the runner ends first.
  Result<BuildResult> BuildNow();

 private:
  void Run(std::stop_token stop);
  bool WaitForWork(std::unique_lock<std::mutex>& lock, std::stop_token stop);

  GoldOptions options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool pending_ = false;  ///< a commit is not in gold yet
  int64_t asked_ = 0;     ///< BuildNow calls so far
  int64_t answered_ = 0;  ///< of which a build that started later has ended
  std::optional<Result<BuildResult>> last_;
  SteadyTime next_start_{};
  bool ended_ = false;
  std::jthread thread_;
};

}  // namespace sluice
