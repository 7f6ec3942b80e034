#pragma once

#include "stage/chunk.h"
#include "stage/schema.h"
#include "warehouse/numeric.h"

namespace sluice {

template <typename T>
Int128 UnscaledOf(T cell) {
  return cell;
}
inline Int128 UnscaledOf(const duckdb_hugeint& cell) {
  return static_cast<Int128>(static_cast<Uint128>(static_cast<uint64_t>(cell.upper)) << 64 |
                             cell.lower);
}

/// Calls `visit` with the vector's data as the integers that DuckDB keeps this precision in.
template <typename Visit>
void VisitDecimals(const Type& type, duckdb_vector vector, Visit visit) {
  const void* data = duckdb_vector_get_data(vector);
  if (type.precision <= 4) return visit(static_cast<const int16_t*>(data));
  if (type.precision <= 9) return visit(static_cast<const int32_t*>(data));
  if (type.precision <= 18) return visit(static_cast<const int64_t*>(data));
  return visit(static_cast<const duckdb_hugeint*>(data));
}

}  // namespace sluice
