#pragma once

#include <cstdint>
#include <string>

namespace sluice {

/// Days and microseconds since 1970 as DuckDB has them, to days and microseconds since 2000 as
/// PostgreSQL has them. Infinities stay infinite; what PostgreSQL cannot hold becomes a value that
/// it refuses.
int32_t ToPgDate(int32_t days);
int64_t ToPgTimestamp(int64_t micros);

/// Appends a date or time as PostgreSQL's to_jsonb writes it, without quotes:
/// `0044-03-15 BC`, `2024-01-31T23:59:59.5`, `infinity`.
void AppendDateText(std::string& to, int32_t days);
void AppendTimestampText(std::string& to, int64_t micros, bool utc_zone);

}  // namespace sluice
