#include "export/roles.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <vector>

#include "core/text.h"

namespace sluice {
namespace {

using Words = std::vector<std::string>;

template <size_t N>
bool IsOneOf(const std::array<std::string_view, N>& known, std::string_view word) {
  return std::ranges::find(known, word) != known.end();
}

bool IsInteger(std::string_view type) {
  return type == "integer" || type == "bigint" || type == "smallint";
}

bool IsNumber(std::string_view type) {
  return IsInteger(type) || type.starts_with("numeric") || type == "double precision" ||
         type == "real";
}

bool IsText(std::string_view type) {
  return type == "text" || type.starts_with("character") || type == "boolean";
}

bool IsKeyName(const Words& words) {
  constexpr std::array<std::string_view, 8> kEndings{"key",  "id",   "pk", "fk",
                                                     "uuid", "hash", "sk", "sha256"};
  return IsOneOf(kEndings, words.back());
}

bool IsOrdinalName(const Words& words) {
  constexpr std::array<std::string_view, 10> kEndings{
      "year", "decade", "century", "quarter", "month", "week", "weekday", "day", "hour", "rank"};
  return IsOneOf(kEndings, words.back());
}

bool IsLoadTimeName(std::string_view name) {
  constexpr std::array<std::string_view, 7> kNames{"_timestamp",    "ingested_at", "loaded_at",
                                                   "inserted_at",   "synced_at",   "updated_at",
                                                   "dbt_updated_at"};
  return IsOneOf(kNames, name);
}

}  // namespace

Role RoleOf(std::string_view name, std::string_view type, bool unique) {
  const Words words = Split(name, '_');
  const bool is_time = type.starts_with("timestamp") || type == "date";
  if (is_time && IsLoadTimeName(name)) return Role::kLoadTime;
  if (name.starts_with('_') || IsKeyName(words)) return Role::kHidden;
  if (is_time) return Role::kTime;
  if (IsInteger(type) && IsOrdinalName(words)) return Role::kOrdinal;
  if (IsNumber(type)) return unique ? Role::kHidden : Role::kMeasure;
  if (!IsText(type)) return Role::kHidden;
  return unique ? Role::kLabel : Role::kCategory;
}

std::string AggregateOf(std::string_view name) {
  constexpr std::array<std::string_view, 11> kAverages{"avg",   "average", "mean",  "median",
                                                       "ratio", "rate",    "share", "percent",
                                                       "pct",   "celsius", "price"};
  constexpr std::array<std::string_view, 5> kLeast{"min", "least", "first", "lowest", "earliest"};
  constexpr std::array<std::string_view, 5> kMost{"max", "most", "last", "highest", "latest"};
  const Words words = Split(name, '_');
  const auto has = [&](const auto& known) {
    return std::ranges::any_of(words, [&](const auto& word) { return IsOneOf(known, word); });
  };
  if (has(kLeast)) return "MIN";
  if (has(kMost)) return "MAX";
  return has(kAverages) ? "AVG" : "SUM";
}

std::string FormatOf(std::string_view type) {
  return IsInteger(type) ? ",d" : IsNumber(type) ? ",.2f" : "";
}

}  // namespace sluice
