#pragma once

#include <cstdint>
#include <string_view>

#include "stage/calendar.h"

namespace sluice::json {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

inline bool IsMomentInRange(int64_t micros) {
  return micros >= kFirstDay * kMicrosPerDay && micros < (kLastDay + 1) * kMicrosPerDay;
}

/// A date or a time as a text says it.
struct Moment {
  int64_t days = 0;  ///< since 1970-01-01
  bool has_time = false;
  int64_t micros_of_day = 0;
  bool has_zone = false;
  int64_t offset_seconds = 0;  ///< east of UTC

  int64_t LocalMicros() const { return days * kMicrosPerDay + micros_of_day; }
  int64_t UtcMicros() const { return LocalMicros() - offset_seconds * kMicrosPerSecond; }
};

enum class MomentVerdict { kOk, kInvalid, kOutOfRange };

/// Reads `2024-02-29`, `2024-02-29T23:59`, `2024-02-29 23:59:58.123456+02:00`, …: ISO 8601's
/// extended form, seconds up to 59, digits past the microsecond cut.
MomentVerdict ParseMoment(std::string_view text, Moment* moment);

/// Reads `Z`, `UTC`, `+02:00`, `-0330`, `+02`; false for anything else.
bool ParseOffset(std::string_view text, int64_t* seconds);

}  // namespace sluice::json
