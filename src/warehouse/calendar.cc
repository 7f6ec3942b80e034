#include "warehouse/calendar.h"

#include <fmt/format.h>

#include <iterator>
#include <limits>

namespace sluice {
namespace {

constexpr int32_t kDaysTo2000 = 10'957;
constexpr int64_t kDayMicros = 86'400'000'000;
constexpr int64_t kMicrosTo2000 = kDaysTo2000 * kDayMicros;

// DuckDB's infinities are ±max, PostgreSQL's are min and max.
template <typename T>
T ToPgEpoch(T value, T shift) {
  using Limits = std::numeric_limits<T>;
  if (value == Limits::max()) return Limits::max();
  if (value <= -Limits::max()) return Limits::min();
  // Below PostgreSQL's first instant anyway; it must not wrap around to a valid one.
  if (value < Limits::min() + shift) return Limits::min() + 1;
  return value - shift;
}

template <typename T>
bool AppendInfinity(std::string& to, T value) {
  const bool future = value == std::numeric_limits<T>::max();
  const bool past = value <= -std::numeric_limits<T>::max();
  if (future || past) to += future ? "infinity" : "-infinity";
  return future || past;
}

struct Civil {
  int64_t year;
  int month, day;
};

// The proleptic Gregorian date of a day since 1970, counted in eras of 400 years from March on.
Civil CivilOf(int64_t days) {
  const int64_t from_march_0000 = days + 719'468;
  const int64_t era =
      (from_march_0000 >= 0 ? from_march_0000 : from_march_0000 - 146'096) / 146'097;
  const int64_t day_of_era = from_march_0000 - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  const auto civil_month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  return {year_of_era + era * 400 + (civil_month <= 2 ? 1 : 0), civil_month, day};
}

// Year 0 is 1 BC.
void AppendCivil(std::string& to, const Civil& civil) {
  const int64_t year = civil.year > 0 ? civil.year : 1 - civil.year;
  fmt::format_to(std::back_inserter(to), "{:04}-{:02}-{:02}", year, civil.month, civil.day);
}

}  // namespace

int32_t ToPgDate(int32_t days) {
  return ToPgEpoch(days, kDaysTo2000);
}

int64_t ToPgTimestamp(int64_t micros) {
  return ToPgEpoch(micros, kMicrosTo2000);
}

void AppendDateText(std::string& to, int32_t days) {
  if (AppendInfinity(to, days)) return;
  const Civil civil = CivilOf(days);
  AppendCivil(to, civil);
  if (civil.year <= 0) to += " BC";
}

void AppendTimestampText(std::string& to, int64_t micros, bool utc_zone) {
  if (AppendInfinity(to, micros)) return;
  const int64_t days = (micros >= 0 ? micros : micros - (kDayMicros - 1)) / kDayMicros;
  const int64_t in_day = micros - days * kDayMicros;
  const Civil civil = CivilOf(days);
  AppendCivil(to, civil);
  const int64_t seconds = in_day / 1'000'000;
  fmt::format_to(std::back_inserter(to), "T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  if (const int64_t fraction = in_day % 1'000'000; fraction != 0) {
    fmt::format_to(std::back_inserter(to), ".{:06}", fraction);
    to.erase(to.find_last_not_of('0') + 1);
  }
  if (utc_zone) to += "+00:00";
  if (civil.year <= 0) to += " BC";
}

}  // namespace sluice
