#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

/// `SLUICE_FAILPOINT("s6_list");`, `SLUICE_FAILPOINT("s8_fence", Name(sink));`: a place where a
/// test may end, stop, hold up or fail this process. A second word is joined by a dot:
/// `s8_fence.lake`. Returns from the enclosing function when told to fail. A build without the
/// CMake option SLUICE_FAILPOINTS has nothing of it. Files that use it are listed by
/// sluice_failpoints() in their folder's CMakeLists.txt.
#ifdef SLUICE_FAILPOINTS
#define SLUICE_FAILPOINT(...) SLUICE_TRY(::sluice::HitFailpoint(__VA_ARGS__))

namespace sluice {

/// What happens at some failpoints, each time with some probability.
struct FailpointRule {
  enum class Action { kKill, kStop, kDelay, kError };

  std::string name;  ///< in full, or a beginning and `*`
  Action action = Action::kError;
  double probability = 1;
  int64_t delay_ms = 0;                     ///< of kDelay
  ErrorKind error = ErrorKind::kRetryable;  ///< of kError
  int64_t times_left = INT64_MAX;           ///< acts at most so often
  std::mt19937_64 random{};
};

/// Reads `name:action:probability:seed[:argument[:times]]`, rules separated by commas. Actions:
/// `kill` and `stop` (SIGKILL, SIGSTOP to ourselves), `delay` (argument: milliseconds), `error`
/// (argument: an error kind, `retryable` when empty).
Result<std::vector<FailpointRule>> ParseFailpoints(std::string_view text);

/// A set of rules. Thread-safe; one rule's draws follow from its seed.
class Failpoints {
 public:
  explicit Failpoints(std::vector<FailpointRule> rules) : rules_(std::move(rules)) {}
  /// Does what the first rule of that name says, or nothing.
  Status Hit(std::string_view name);

 private:
  std::mutex mutex_;
  std::vector<FailpointRule> rules_;
};

/// Hits `name`, or `name.where`, of the rules in the environment variable FP.
Status HitFailpoint(std::string_view name, std::string_view where = {});

}  // namespace sluice
#else
#define SLUICE_FAILPOINT(...) static_cast<void>(0)
#endif
