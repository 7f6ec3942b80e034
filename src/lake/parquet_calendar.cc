#include "lake/parquet_calendar.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice {
namespace {

struct Date {
  int64_t year;
  int month, day;  // from 1
};

// The Gregorian calendar repeats every 400 years of 146,097 days. Counting each year from March
// puts the leap day last, so that month lengths follow one formula.
Date DateOf(int64_t days) {
  const int64_t since_march_0000 = days + 719'468;
  const int64_t era = FloorDivide(since_march_0000, 146'097);
  const int64_t day_of_era = since_march_0000 - era * 146'097;
  const int64_t leap_days = day_of_era / 1'460 - day_of_era / 36'524 + day_of_era / 146'096;
  const int64_t year_of_era = (day_of_era - leap_days) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const auto month =
      static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

}  // namespace

int64_t MonthOf(int64_t days) {
  const Date date = DateOf(days);
  return (date.year - 1970) * 12 + date.month - 1;
}

std::string DateText(int64_t days) {
  const Date date = DateOf(days);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string HourText(int64_t hours) {
  const int64_t days = FloorDivide(hours, 24);
  return fmt::format("{}-{:02}", DateText(days), hours - days * 24);
}

std::string MonthText(int64_t months) {
  const int64_t years = FloorDivide(months, 12);
  return fmt::format("{:04}-{:02}", 1970 + years, months - years * 12 + 1);
}

std::string TimestampText(int64_t micros) {
  const int64_t days = FloorDivide(micros, kMicrosPerDay);
  const int64_t within = micros - days * kMicrosPerDay;
  const int64_t seconds = within / 1'000'000;
  return fmt::format("{}T{:02}:{:02}:{:02}.{:06}", DateText(days), seconds / 3600,
                     seconds / 60 % 60, seconds % 60, within % 1'000'000);
}

std::string DecimalText(Int128 unscaled, int scale) {
  const bool negative = unscaled < 0;
  std::string reversed;
  for (; unscaled != 0 || static_cast<int>(reversed.size()) <= scale; unscaled /= 10) {
    if (scale > 0 && static_cast<int>(reversed.size()) == scale) reversed.push_back('.');
    const auto digit = static_cast<int>(unscaled % 10);
    reversed.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  if (negative) reversed.push_back('-');
  return {reversed.rbegin(), reversed.rend()};
}

}  // namespace sluice
