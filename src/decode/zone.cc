#include "decode/zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/text.h"
#include "decode/moment.h"
#include "stage/duck.h"

namespace sluice::json {
namespace {

constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kFirstSecond = -43'830 * kDaySeconds;  // 1850
constexpr int64_t kLastSecond = 84'006 * kDaySeconds;    // 2200

// The instants `t` of the query `instants`, each with the clocks' offset `o` there.
std::string OffsetsSql(const std::string& zone, const std::string& instants) {
  return fmt::format(
      "SELECT part, t, epoch(timezone({}, to_timestamp(t)))::BIGINT - t AS o FROM ({})",
      QuoteLiteral(zone), instants);
}

// Those of them where the offset is not that of the instant before in the same part.
std::string ChangesSql(const std::string& zone, const std::string& instants) {
  return fmt::format(
      "SELECT t, o FROM ({}) QUALIFY o <> lag(o) OVER (PARTITION BY part ORDER BY t)",
      OffsetsSql(zone, instants));
}

// The first offset and all its changes: days on which it changed, then the hours within, the
// minutes, the seconds. Asked of DuckDB, so that decode and silver SQL agree on every zone.
std::string ShiftsSql(const std::string& zone) {
  std::string changes =
      ChangesSql(zone, fmt::format("SELECT 0 AS part, unnest(range({}, {}, {})) AS t", kFirstSecond,
                                   kLastSecond, kDaySeconds));
  for (const auto& [step, within] : {std::pair{3600, 86400}, {60, 3600}, {1, 60}}) {
    changes = ChangesSql(
        zone, fmt::format("SELECT t AS part, unnest(range(t - {}, t + 1, {})) AS t FROM ({})",
                          within, step, changes));
  }
  const std::string first =
      OffsetsSql(zone, fmt::format("SELECT 0 AS part, {} AS t", kFirstSecond));
  return fmt::format("SELECT t, o FROM ({} UNION ALL SELECT 0, t, o FROM ({})) ORDER BY t", first,
                     changes);
}

}  // namespace

Result<Zone> Zone::Make(const std::string& name) {
  Zone zone;
  int64_t offset = 0;
  if (ParseOffset(name, &offset)) {
    zone.shifts_.push_back({std::numeric_limits<int64_t>::min(), offset});
    return zone;
  }
  SLUICE_ASSIGN(const auto engine, DuckEngine::Make());
  SLUICE_ASSIGN(const auto connection, engine->Connect());
  auto answer = DuckQuery(connection.get(), ShiftsSql(name));
  if (!answer) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("no time zone `{}`: {}", name, answer.error().message),
                "decode.timestamp_zone takes UTC, +02:00 or a name like Europe/Berlin");
  }
  duckdb_result& rows = answer->get();
  for (idx_t row = 0; row < duckdb_row_count(&rows); ++row) {
    zone.shifts_.push_back({duckdb_value_int64(&rows, 0, row), duckdb_value_int64(&rows, 1, row)});
  }
  zone.shifts_.front().utc_seconds = std::numeric_limits<int64_t>::min();
  return zone;
}

std::optional<int64_t> Zone::ToUtcMicros(int64_t local_micros) const {
  const int64_t local = local_micros / kMicrosPerSecond - (local_micros % kMicrosPerSecond < 0);
  const auto later = [](int64_t seconds, const Shift& shift) {
    return seconds < shift.utc_seconds;
  };
  // Clocks are less than two days off UTC, so the shift in force is near what UTC would give.
  constexpr int64_t kMostOff = 2 * 86'400;
  auto shift = std::upper_bound(shifts_.begin(), shifts_.end(), local - kMostOff, later);
  for (shift = shift == shifts_.begin() ? shift : shift - 1; shift != shifts_.end(); ++shift) {
    const int64_t utc = local - shift->offset_seconds;
    if (utc < shift->utc_seconds) return std::nullopt;
    if (shift + 1 == shifts_.end() || utc < (shift + 1)->utc_seconds) {
      return local_micros - shift->offset_seconds * kMicrosPerSecond;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::json
