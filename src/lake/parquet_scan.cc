#include "lake/parquet_scan.h"

#include <limits>
#include <utility>

namespace sluice {
namespace {

Int128 ToInt128(const duckdb_hugeint& huge) {
  return static_cast<Int128>(huge.upper) * (static_cast<Int128>(1) << 64) +
         static_cast<Int128>(huge.lower);
}

// Calls visit with a value of the type that DuckDB keeps such columns in.
template <typename Visit>
auto WithStorage(const Type& type, Visit visit) {
  if (type.kind == TypeKind::kBool) return visit(int8_t{});
  if (type.kind == TypeKind::kInt || type.kind == TypeKind::kDate) return visit(int32_t{});
  if (type.kind != TypeKind::kDecimal) return visit(int64_t{});
  if (type.precision <= 4) return visit(int16_t{});
  if (type.precision <= 9) return visit(int32_t{});
  if (type.precision <= 18) return visit(int64_t{});
  return visit(duckdb_hugeint{});
}

template <typename T>
int64_t ScanPlain(duckdb_vector column, const uint64_t* mask, size_t rows, Extremes<Int128>& to) {
  const T* data = DataOf<T>(column);
  T low = std::numeric_limits<T>::max(), high = std::numeric_limits<T>::min();
  const int64_t nulls = ForEachValid(mask, rows, [&](size_t row) {
    low = std::min(low, data[row]);
    high = std::max(high, data[row]);
  });
  if (nulls < static_cast<int64_t>(rows)) {
    to.Take(low);
    to.Take(high);
  }
  return nulls;
}

}  // namespace

int64_t ScanIntegers(const Type& type, duckdb_vector column, const uint64_t* mask, size_t rows,
                     Extremes<Int128>& to) {
  return WithStorage(type, [&]<typename T>(T) {
    if constexpr (std::is_same_v<T, duckdb_hugeint>) {
      const auto* data = DataOf<duckdb_hugeint>(column);
      return ForEachValid(mask, rows, [&](size_t row) { to.Take(ToInt128(data[row])); });
    } else {
      return ScanPlain<T>(column, mask, rows, to);
    }
  });
}

Int128 IntegerAt(const Type& type, duckdb_vector column, size_t row) {
  return WithStorage(type, [&]<typename T>(T) -> Int128 {
    if constexpr (std::is_same_v<T, duckdb_hugeint>) {
      return ToInt128(DataOf<duckdb_hugeint>(column)[row]);
    } else {
      return DataOf<T>(column)[row];
    }
  });
}

}  // namespace sluice
