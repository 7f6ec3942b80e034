#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "lake/parquet_bounds.h"
#include "stage/chunk.h"

namespace sluice {

/// Calls visit(row) for each row that the mask (null: all) says is there; returns how many are not.
template <typename Visit>
int64_t ForEachValid(const uint64_t* mask, size_t rows, Visit visit) {
  if (mask == nullptr) {
    for (size_t row = 0; row < rows; ++row) visit(row);
    return 0;
  }
  int64_t valid = 0;
  for (size_t base = 0; base < rows; base += 64) {
    const size_t count = std::min<size_t>(64, rows - base);
    const uint64_t all = ~uint64_t{0} >> (64 - count);
    uint64_t word = mask[base / 64] & all;
    valid += std::popcount(word);
    if (word == all) {
      for (size_t row = base; row < base + count; ++row) visit(row);
      continue;
    }
    for (; word != 0; word &= word - 1) visit(base + static_cast<size_t>(std::countr_zero(word)));
  }
  return static_cast<int64_t>(rows) - valid;
}

/// Least and greatest of the values seen.
template <typename T>
struct Extremes {
  bool any = false;
  T low{}, high{};
  void Take(T value) {
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
  void Merge(const Extremes& other) {
    if (!other.any) return;
    Take(other.low);
    Take(other.high);
  }
};

/// Returns a flat vector's values.
template <typename T>
const T* DataOf(duckdb_vector column) {
  return static_cast<const T*>(duckdb_vector_get_data(column));
}

inline bool IsText(TypeKind kind) {
  return kind == TypeKind::kString || kind == TypeKind::kBinary;
}

/// Takes a column of bool, int, long, date, timestamp or decimal (unscaled) values into account;
/// returns how many are null.
int64_t ScanIntegers(const Type& type, duckdb_vector column, const uint64_t* mask, size_t rows,
                     Extremes<Int128>& to);
/// Returns one such value.
Int128 IntegerAt(const Type& type, duckdb_vector column, size_t row);

/// Least and greatest text of a column so far; the first kBoundBytes of each.
struct TextRange {
  std::string low, high;
};

/// Least and greatest text or binary value of one chunk, as unsigned bytes; only the first
/// kBoundBytes count.
/// The four bytes that DuckDB keeps beside the length settle most comparisons.
class TextExtremes {
 public:
  void Take(const duckdb_string_t& text) {
    const uint32_t prefix = PrefixOf(text);
    if (any_ && prefix > low_prefix_ && prefix < high_prefix_) return;
    const std::string_view value = ViewOf(text).substr(0, kBoundBytes);
    if (!any_ || value < low_) low_ = value, low_prefix_ = prefix;
    if (!any_ || value > high_) high_ = value, high_prefix_ = prefix;
    any_ = true;
  }
  bool any() const { return any_; }
  std::string_view low() const { return low_; }
  std::string_view high() const { return high_; }

 private:
  static uint32_t PrefixOf(const duckdb_string_t& text) {
    uint32_t bytes;
    std::memcpy(&bytes, text.value.pointer.prefix, sizeof bytes);
    return __builtin_bswap32(bytes);
  }
  bool any_ = false;
  uint32_t low_prefix_ = 0, high_prefix_ = 0;
  std::string_view low_, high_;  // into the chunk
};

}  // namespace sluice
