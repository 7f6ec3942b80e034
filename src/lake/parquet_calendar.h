#pragma once

#include <cstdint>
#include <string>

#include "lake/parquet_bounds.h"

namespace sluice {

inline constexpr int64_t kMicrosPerHour = 3'600'000'000;
inline constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;

/// Returns the quotient rounded down, also below zero. `divisor` is positive.
inline int64_t FloorDivide(int64_t number, int64_t divisor) {
  return number / divisor - (number % divisor < 0 ? 1 : 0);
}

/// Returns months since January 1970 of a day since 1970-01-01; proleptic Gregorian.
int64_t MonthOf(int64_t days);

/// Partition folders show values as Iceberg's other writers do.
std::string DateText(int64_t days);         // 1969-12-31
std::string HourText(int64_t hours);        // 1969-12-31-23
std::string MonthText(int64_t months);      // 1969-12
std::string TimestampText(int64_t micros);  // 1969-12-31T23:59:59.999999
std::string DecimalText(Int128 unscaled, int scale);

}  // namespace sluice
