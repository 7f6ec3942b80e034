#pragma once

#include <cstdint>
#include <string>

namespace sluice {

__extension__ using Uint128 = unsigned __int128;
__extension__ using Int128 = __int128;

/// Appends `unscaled / 10^scale` as PostgreSQL sends a numeric: groups of four decimal digits.
void AppendNumeric(std::string& to, Int128 unscaled, int scale);

/// Appends the same as decimal text, `scale` digits after the point.
void AppendDecimalText(std::string& to, Int128 unscaled, int scale);

}  // namespace sluice
