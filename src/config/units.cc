#include "config/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "stage/time_window.h"

namespace sluice {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};
constexpr std::array<Unit, 5> kTimes{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 6> kSpans{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", kDayMs}, {"y", kYearMs}}};
constexpr std::array<Unit, 1> kShares{{{"%", 1}}};
constexpr std::array<Unit, 7> kSizes{{{"B", 1},
                                      {"KB", 1000},
                                      {"MB", 1'000'000},
                                      {"GB", 1'000'000'000},
                                      {"KiB", 1 << 10},
                                      {"MiB", 1 << 20},
                                      {"GiB", 1 << 30}}};

std::unexpected<Error> Wrong(std::string reason, std::string meant = {}) {
  return Fail(ErrorKind::kInvalidConfig, std::move(reason), std::move(meant));
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

// `30 sec` and `128mb` say clearly enough what was meant.
std::string_view MeantUnit(std::string_view word, std::span<const Unit> units) {
  const std::string lower = Lower(word);
  for (const auto& unit : units) {
    if (Lower(unit.name) == lower) return unit.name;
  }
  const auto named = [&](std::string_view name) {
    return std::ranges::any_of(units, [&](const Unit& unit) { return unit.name == name; });
  };
  const std::string first = lower.substr(0, 1);
  if (lower.starts_with("mil") && named("ms")) return "ms";
  if ((lower.starts_with("sec") || lower.starts_with("min") || lower.starts_with("hour") ||
       lower.starts_with("day") || lower.starts_with("year")) &&
      named(first)) {
    return std::ranges::find(units, std::string_view(first), &Unit::name)->name;
  }
  if (lower == "k" && named("KiB")) return "KiB";
  if (lower == "m" && named("MiB")) return "MiB";
  if (lower == "g" && named("GiB")) return "GiB";
  return "";
}

// A number and a unit; `bare` is the unit of a number alone, "" when it needs one.
Result<int64_t> ParseWithUnit(std::string_view text, std::span<const Unit> units,
                              std::string_view bare, std::string_view likely) {
  if (text.starts_with('-')) return Wrong("it cannot be negative");
  const size_t digits = static_cast<size_t>(std::ranges::find_if_not(text, IsDigit) - text.begin());
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + digits, number);
  if (digits == 0) return Wrong("it must begin with a whole number");
  if (parsed.ec != std::errc{}) return Wrong("the number is too large");
  std::string_view word = text.substr(digits);
  if (word.empty()) word = bare;
  if (word.empty() && number == 0) return 0;
  if (word.empty()) return Wrong("a unit is missing", fmt::format("{}{}", number, likely));
  if (word[0] == '.') return Wrong("only whole numbers are allowed");
  for (const auto& unit : units) {
    int64_t product = 0;
    if (unit.name != word) continue;
    if (__builtin_mul_overflow(number, unit.factor, &product)) {
      return Wrong("the number is too large");
    }
    return product;
  }
  word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
  const std::string_view meant = MeantUnit(word, units);
  return Wrong("its unit is unknown", meant.empty() ? "" : fmt::format("{}{}", number, meant));
}

// Reads exactly `digits` digits at the front and takes them away.
std::optional<int> TakeNumber(std::string_view& text, size_t digits) {
  if (text.size() < digits || !std::ranges::all_of(text.substr(0, digits), IsDigit)) {
    return std::nullopt;
  }
  int number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  text.remove_prefix(digits);
  return number;
}

bool TakeByte(std::string_view& text, std::string_view one_of) {
  if (text.empty() || one_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

struct DateTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<int64_t> MillisecondsOf(const DateTime& at) {
  const std::chrono::year_month_day date{std::chrono::year(at.year),
                                         std::chrono::month(static_cast<unsigned>(at.month)),
                                         std::chrono::day(static_cast<unsigned>(at.day))};
  if (!date.ok() || at.hour > 23 || at.minute > 59 || at.second > 59) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + at.hour) * 60 + at.minute) * 60 + at.second) * 1000;
}

// The fraction after a full stop, in milliseconds; further digits are cut.
int TakeFraction(std::string_view& text) {
  int milliseconds = 0;
  for (int factor = 100; !text.empty() && IsDigit(text[0]); factor /= 10) {
    milliseconds += factor * (text[0] - '0');
    text.remove_prefix(1);
  }
  return milliseconds;
}

// `Z` or `+02:00`, in minutes east.
std::optional<int> TakeZone(std::string_view& text) {
  if (TakeByte(text, "Zz")) return 0;
  const bool west = text.starts_with('-');
  if (!TakeByte(text, "+-")) return std::nullopt;
  const auto hours = TakeNumber(text, 2);
  if (!hours || !TakeByte(text, ":")) return std::nullopt;
  const auto minutes = TakeNumber(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (west ? -1 : 1) * (*hours * 60 + *minutes);
}

}  // namespace

Result<int64_t> ParseDuration(std::string_view text) {
  return ParseWithUnit(text, kTimes, "", "s");
}

Result<int64_t> ParseSpan(std::string_view text) {
  return ParseWithUnit(text, kSpans, "", "d");
}

Result<int64_t> ParseSize(std::string_view text) {
  return ParseWithUnit(text, kSizes, "B", "MiB");
}

Result<int64_t> ParsePercent(std::string_view text) {
  // `0.5` says clearly enough what was meant.
  if (text.size() > 2 && text.starts_with("0.") && std::ranges::all_of(text.substr(2), IsDigit)) {
    const std::string digits = std::string(text.substr(2, 2)) + (text.size() == 3 ? "0" : "");
    const size_t first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    return Wrong("only whole numbers are allowed", digits.substr(first) + "%");
  }
  return ParseWithUnit(text, kShares, "", "%");
}

Result<int64_t> ParseInteger(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return Wrong("it is far too large");
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  std::string digits;
  for (const char c : text) {
    if (c != '_' && c != ',' && c != ' ' && c != '\'') digits += c;
  }
  const bool grouped = digits.size() < text.size() && !digits.empty() && IsDigit(digits[0]) &&
                       std::ranges::all_of(digits, IsDigit);
  return Wrong("only digits are allowed", grouped ? digits : "");
}

Result<int64_t> ParseInstant(std::string_view text) {
  const std::string_view whole = text;
  DateTime at;
  const auto take = [&](int& into, size_t digits, std::string_view separators) {
    const auto number = TakeNumber(text, digits);
    into = number.value_or(0);
    return number && (separators.empty() || TakeByte(text, separators));
  };
  if (!take(at.year, 4, "-") || !take(at.month, 2, "-")) return Wrong("it is not a time");
  if (!take(at.day, 2, "")) return Wrong("it is not a time");
  if (text.empty()) return Wrong("the time of day is missing", fmt::format("{}T00:00:00Z", whole));
  if (!TakeByte(text, "Tt ") || !take(at.hour, 2, ":") || !take(at.minute, 2, ":") ||
      !take(at.second, 2, "")) {
    return Wrong("it is not a time");
  }
  const int milliseconds = TakeByte(text, ".") ? TakeFraction(text) : 0;
  if (text.empty()) return Wrong("the time zone is missing", fmt::format("{}Z", whole));
  const auto zone = TakeZone(text);
  if (!zone || !text.empty()) return Wrong("it is not a time");
  const auto instant = MillisecondsOf(at);
  if (!instant) return Wrong("there is no such day or time");
  return *instant + milliseconds - *zone * int64_t{60'000};
}

}  // namespace sluice
