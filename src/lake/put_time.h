#pragma once

#include <algorithm>
#include <cstdint>

#include "core/clock.h"

namespace sluice {

/// No file is committed that was put longer ago: what nothing refers to for an hour may be swept.
inline constexpr int64_t kMaxUncommittedMs = 30 * 60'000LL;

/// When a file was put. By two clocks, since one stands still while the machine sleeps and the
/// other may jump.
struct PutTime {
  SteadyTime steady = Now();
  int64_t wall_ms = WallClockMs();

  /// Returns the larger of what both say, milliseconds.
  int64_t AgeMs() const { return std::max(ElapsedMs(steady), WallClockMs() - wall_ms); }
};

}  // namespace sluice
