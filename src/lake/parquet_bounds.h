#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stage/schema.h"

namespace sluice {

__extension__ typedef __int128 Int128;

/// Iceberg's single-value bytes of a bool, int, long, date, timestamp (micros) or decimal (the
/// unscaled value).
std::string IntegerBytes(TypeKind kind, Int128 value);
/// The same for a float or double.
std::string FloatBytes(TypeKind kind, double value);

/// Returns a bound at or below a string or binary value, 16 code points or bytes at most.
std::string LowerBound(TypeKind kind, std::string_view value);
/// Returns a bound at or above it, as short; none when there is none of that length.
std::optional<std::string> UpperBound(TypeKind kind, std::string_view value);

/// A value's first bytes, this many, decide both of its bounds.
inline constexpr size_t kBoundBytes = 68;

}  // namespace sluice
