#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Returns a time that never goes back, for intervals and deadlines.
inline SteadyTime Now() {
  return std::chrono::steady_clock::now();
}

/// Returns whole milliseconds from `start` to now.
inline int64_t ElapsedMs(SteadyTime start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Now() - start).count();
}

/// Returns the wall clock, milliseconds since 1970 in UTC; may jump.
inline int64_t WallClockMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace sluice
