#pragma once

#include <cstdint>
#include <string_view>

#include "core/result.h"

namespace sluice {

/// The readers below fail with a short reason as the message ("a unit is missing") and, where one
/// is likely, what was meant as the hint (`30s`). No sign, no fractions.

/// Reads `500ms`, `30s`, `5m`, `1h`, `1d` as milliseconds; `0` needs no unit.
Result<int64_t> ParseDuration(std::string_view text);

/// Reads those and `10y`, years of 365.25 days, as milliseconds.
Result<int64_t> ParseSpan(std::string_view text);

/// Reads `64KB` (1000), `64KiB` (1024), …, `100B` as bytes; a number alone is bytes.
Result<int64_t> ParseSize(std::string_view text);

/// Reads `50%` as 50.
Result<int64_t> ParsePercent(std::string_view text);

/// Reads a whole number, which may be negative.
Result<int64_t> ParseInteger(std::string_view text);

/// Reads `2026-01-01T00:00:00Z`, with `+02:00` for `Z` and a fraction of a second if wanted, as
/// milliseconds since 1970 in UTC.
Result<int64_t> ParseInstant(std::string_view text);

}  // namespace sluice
