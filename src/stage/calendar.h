#pragma once

#include <cstdint>

namespace sluice {

/// 0001-01-01 and 9999-12-31, in days since 1970-01-01: what every engine of the lake reads.
inline constexpr int64_t kFirstDay = -719'162;
inline constexpr int64_t kLastDay = 2'932'896;

}  // namespace sluice
