#pragma once

#include <duckdb.h>

#include <cstdint>
#include <span>
#include <vector>

#include "lake/parquet_schema.h"

namespace sluice {

/// Some rows of a column as Parquet sees them: for each value, there or not, its levels, and where
/// in the leaf's vector those are that are there (Dremel's encoding).
struct LeafSlots {
  duckdb_vector leaf = nullptr;
  std::span<const uint32_t> present;  ///< places in `leaf`
  std::vector<uint8_t> definitions;   ///< empty: all are there
  std::vector<uint8_t> repetitions;   ///< empty: the leaf is in no list
  size_t count = 0;                   ///< values, nulls and empty lists included
  std::vector<uint32_t> places;       ///< room for `present`

  /// Whether the values lie side by side in `leaf`.
  bool IsDense() const {
    return !present.empty() && present.back() - present.front() + 1 == present.size();
  }
};

/// Splits rows [from, to) of a flat top-level vector into `slots`, whose buffers are used again.
void FindSlots(const ParquetLeaf& leaf, duckdb_vector top, size_t from, size_t to,
               LeafSlots& slots);

}  // namespace sluice
