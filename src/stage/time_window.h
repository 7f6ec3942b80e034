#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice {

inline constexpr int64_t kDayMs = 86'400'000;
inline constexpr int64_t kYearMs = 31'557'600'000;  // of 365.25 days

/// How far a time that parts a lake table may lie from its record's own, Kafka's. That one is the
/// same whenever the record is read; the clock is not.
struct TimeWindow {
  std::optional<int64_t> past_ms = 10 * kYearMs;  ///< absent: any distance
  std::optional<int64_t> future_ms = kDayMs;
  bool operator==(const TimeWindow&) const = default;
};

/// Returns `10y`, `1d`, `90m`, …: the duration in the largest unit that divides it.
std::string SpellSpan(int64_t ms);

}  // namespace sluice
