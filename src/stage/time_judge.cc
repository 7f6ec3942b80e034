#include "stage/time_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "stage/calendar.h"

namespace sluice {
namespace {

__extension__ using Wide = __int128;

constexpr int64_t kMicrosPerMilli = 1000;
constexpr int64_t kMicrosPerDay = kDayMs * kMicrosPerMilli;
constexpr int64_t kFirstShown = kFirstDay * kMicrosPerDay;
constexpr int64_t kPastShown = (kLastDay + 1) * kMicrosPerDay;

std::string SpellInstant(Wide micros) {
  if (micros < kFirstShown) return "a time before the year 1";
  if (micros >= kPastShown) return "a time past the year 9999";
  const std::chrono::sys_seconds at(std::chrono::floor<std::chrono::seconds>(
      std::chrono::microseconds(static_cast<int64_t>(micros))));
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

template <typename T>
T At(duckdb_vector column, size_t row) {
  return static_cast<const T*>(duckdb_vector_get_data(column))[row];
}

}  // namespace

std::string SpellSpan(int64_t ms) {
  constexpr std::array<std::pair<int64_t, std::string_view>, 5> kUnits{
      {{kYearMs, "y"}, {kDayMs, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}}};
  if (ms == 0) return "0";
  for (const auto& [factor, unit] : kUnits) {
    if (ms % factor == 0) return fmt::format("{}{}", ms / factor, unit);
  }
  return fmt::format("{}ms", ms);
}

TimeJudge::TimeJudge(std::string table, const TimeWindow& window,
                     const std::vector<std::string>& columns, const std::vector<Field>& layout)
    : table_(std::move(table)), window_(window) {
  if (!window.past_ms && !window.future_ms) return;
  for (const std::string& name : columns) {
    const auto found = std::ranges::find(layout, name, &Field::name);
    if (found == layout.end()) continue;
    const TypeKind kind = found->type.kind;
    const bool is_date = kind == TypeKind::kDate;
    if (!is_date && kind != TypeKind::kTimestamp && kind != TypeKind::kTimestampTz) continue;
    columns_.push_back({static_cast<size_t>(found - layout.begin()), name, is_date});
  }
}

void TimeJudge::Judge(const Chunk& chunk, size_t begin, size_t end,
                      std::vector<Reject>& out) const {
  if (columns_.empty()) return;
  const LineageView lineage = LineageOf(chunk);
  for (size_t row = begin; row < end; ++row) {
    if (!IsValid(lineage.timestamp_validity, row)) continue;
    if (auto reject = JudgeRow(chunk, lineage, row)) out.push_back(*std::move(reject));
  }
}

std::optional<Reject> TimeJudge::JudgeRow(const Chunk& chunk, const LineageView& lineage,
                                          size_t row) const {
  for (const Column& column : columns_) {
    const duckdb_vector vector = chunk.column(column.index);
    if (!IsValid(duckdb_vector_get_validity(vector), row)) continue;
    const Wide first =
        column.is_date ? Wide{At<int32_t>(vector, row)} * kMicrosPerDay : At<int64_t>(vector, row);
    const Wide last = column.is_date ? first + kMicrosPerDay - 1 : first;
    auto fault = Fault(first, last, lineage.timestamp_us[row]);
    if (!fault) continue;
    const RecordId id{PartitionId{lineage.partition[row]}, Offset{lineage.offset[row]}};
    return Reject{
        id, "timestamp_outside_window", column.name,
        fmt::format("{} in a column that parts {}; {}", SpellInstant(first), table_, *fault)};
  }
  return std::nullopt;
}

std::optional<std::string> TimeJudge::Fault(Wide first, Wide last, int64_t own) const {
  const auto told = [&](std::string_view side, int64_t limit_ms) {
    return fmt::format("the record's own time is {}, and time_window.{} is {}", SpellInstant(own),
                       side, SpellSpan(limit_ms));
  };
  if (window_.past_ms && last < Wide{own} - Wide{*window_.past_ms} * kMicrosPerMilli) {
    return told("past", *window_.past_ms);
  }
  if (window_.future_ms && first > Wide{own} + Wide{*window_.future_ms} * kMicrosPerMilli) {
    return told("future", *window_.future_ms);
  }
  return std::nullopt;
}

}  // namespace sluice
