#include "lake/parquet_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/text.h"
#include "lake/parquet_scan.h"

namespace sluice {
namespace {

// Whether a row that is null in `outer` has a value in `inner`.
bool HidesValue(const uint64_t* outer, const uint64_t* inner, size_t rows) {
  bool hides = false;
  if (outer == nullptr) return hides;
  for (size_t base = 0; base < rows; base += 64) {
    const uint64_t all = ~uint64_t{0} >> (64 - std::min<size_t>(64, rows - base));
    const uint64_t values = inner == nullptr ? all : inner[base / 64] & all;
    hides = hides || (values & ~outer[base / 64]) != 0;
  }
  return hides;
}

template <typename T>
int64_t ScanFloats(duckdb_vector column, const uint64_t* mask, size_t rows, Extremes<double>& to,
                   int64_t& nans) {
  const T* data = DataOf<T>(column);
  return ForEachValid(mask, rows, [&](size_t row) {
    if (std::isnan(data[row])) {
      ++nans;
    } else {
      to.Take(data[row]);
    }
  });
}

void Widen(std::optional<TextRange>& range, std::string_view low, std::string_view high) {
  if (!range) range.emplace(std::string(low), std::string(high));
  if (low < range->low) range->low = low;
  if (high > range->high) range->high = high;
}

int64_t ScanTexts(duckdb_vector column, const uint64_t* mask, size_t rows,
                  std::optional<TextRange>& to) {
  const auto* data = DataOf<duckdb_string_t>(column);
  TextExtremes chunk;
  const int64_t nulls = ForEachValid(mask, rows, [&](size_t row) { chunk.Take(data[row]); });
  if (!chunk.any()) return nulls;
  Widen(to, chunk.low(), chunk.high());
  return nulls;
}

size_t LeafCount(const IcebergField& field) {
  if (field.children.empty()) return 1;
  size_t count = 0;
  for (const IcebergField& child : field.children) count += LeafCount(child);
  return count;
}

// Zeros compare equal, whatever their sign: bounds must hold both.
double LowZero(double low) {
  return low == 0 ? -0.0 : low;
}
double HighZero(double high) {
  return high == 0 ? 0.0 : high;
}

template <typename T>
std::string BytesOf(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

// As Parquet's PLAIN encoding has it.
std::string PlainInteger(const ParquetLeaf& leaf, Int128 value) {
  switch (leaf.physical) {
    case PhysicalType::kBoolean:
      return BytesOf(static_cast<int8_t>(value));
    case PhysicalType::kInt32:
      return BytesOf(static_cast<int32_t>(value));
    case PhysicalType::kFixedBytes: {
      std::string bytes;
      for (int32_t i = leaf.fixed_bytes; i-- > 0;) bytes += static_cast<char>(value >> (8 * i));
      return bytes;
    }
    default:
      return BytesOf(static_cast<int64_t>(value));
  }
}

}  // namespace

ParquetStats::ParquetStats(const IcebergSchema& schema) : fields_(schema.fields) {
  for (ParquetLeaf& leaf : LeavesOf(schema)) leaves_.push_back({std::move(leaf)});
}

Status ParquetStats::Add(const Chunk& chunk) {
  next_leaf_ = 0;
  for (size_t i = 0; i < fields_.size(); ++i) Scan(fields_[i], chunk.column(i), chunk.rows());
  rows_ += static_cast<int64_t>(chunk.rows());
  if (hides_value_) {
    return Fail(ErrorKind::kInvariant, "a null struct with values in it reached the lake");
  }
  if (HasInfinity()) {
    return Fail(ErrorKind::kInvariant, "an infinite date or time reached the lake",
                "the decoder and the silver SQL must refuse it");
  }
  return {};
}

void ParquetStats::Scan(const IcebergField& field, duckdb_vector column, size_t rows) {
  if (field.type.kind == TypeKind::kList) {
    next_leaf_ += LeafCount(field);
    return;
  }
  const Mask mask = duckdb_vector_get_validity(column);
  if (field.children.empty()) {
    Leaf& leaf = leaves_[next_leaf_++];
    leaf.nulls += ScanLeaf(leaf, field.type, column, mask, rows);
    return;
  }
  for (size_t i = 0; i < field.children.size(); ++i) {
    const duckdb_vector child = duckdb_struct_vector_get_child(column, i);
    hides_value_ |= HidesValue(mask, duckdb_vector_get_validity(child), rows);
    Scan(field.children[i], child, rows);
  }
}

void ParquetStats::Merge(const ParquetStats& other) {
  rows_ += other.rows_;
  for (size_t i = 0; i < leaves_.size(); ++i) {
    Leaf& leaf = leaves_[i];
    const Leaf& more = other.leaves_[i];
    leaf.nulls += more.nulls;
    leaf.nans += more.nans;
    leaf.integers.Merge(more.integers);
    leaf.floats.Merge(more.floats);
    if (more.texts) Widen(leaf.texts, more.texts->low, more.texts->high);
  }
}

int64_t ParquetStats::ScanLeaf(Leaf& leaf, const Type& type, duckdb_vector column, Mask mask,
                               size_t rows) {
  switch (type.kind) {
    case TypeKind::kFloat:
      return ScanFloats<float>(column, mask, rows, leaf.floats, leaf.nans);
    case TypeKind::kDouble:
      return ScanFloats<double>(column, mask, rows, leaf.floats, leaf.nans);
    case TypeKind::kString:
    case TypeKind::kBinary:
      return ScanTexts(column, mask, rows, leaf.texts);
    default:
      return ScanIntegers(type, column, mask, rows, leaf.integers);
  }
}

bool ParquetStats::HasInfinity() const {
  return std::ranges::any_of(leaves_, [](const Leaf& leaf) {
    const bool date = leaf.place.type.kind == TypeKind::kDate;
    const bool time = leaf.place.type.kind == TypeKind::kTimestamp ||
                      leaf.place.type.kind == TypeKind::kTimestampTz;
    const Int128 infinity =
        date ? std::numeric_limits<int32_t>::max() : std::numeric_limits<int64_t>::max();
    return (date || time) && leaf.integers.any &&
           (leaf.integers.high == infinity || leaf.integers.low <= -infinity);
  });
}

std::optional<LeafBounds> ParquetStats::BoundsOf(size_t index) const {
  const Leaf& leaf = leaves_[index];
  if (leaf.InList() || leaf.nans > 0) return std::nullopt;  // readers differ in where NaN sorts
  const TypeKind kind = leaf.place.type.kind;
  if (leaf.integers.any) {
    return LeafBounds{PlainInteger(leaf.place, leaf.integers.low),
                      PlainInteger(leaf.place, leaf.integers.high)};
  }
  if (leaf.floats.any) {
    return LeafBounds{FloatBytes(kind, LowZero(leaf.floats.low)),
                      FloatBytes(kind, HighZero(leaf.floats.high))};
  }
  if (!leaf.texts) return std::nullopt;
  auto high = UpperBound(kind, leaf.texts->high);
  if (!high) return std::nullopt;
  return LeafBounds{LowerBound(kind, leaf.texts->low), *std::move(high)};
}

Result<std::vector<ColumnStats>> ParquetStats::Finish(const ParquetTotals& total) const {
  if (total.rows != rows_ || total.leaves.size() != leaves_.size()) {
    return Fail(ErrorKind::kInvariant,
                fmt::format("a Parquet file holds other rows than it was given: {} rows in {} "
                            "columns, not {} in {}",
                            total.rows, total.leaves.size(), rows_, leaves_.size()));
  }
  std::vector<ColumnStats> columns;
  for (size_t i = 0; i < leaves_.size(); ++i) {
    const Leaf& leaf = leaves_[i];
    const ParquetTotals::Leaf& written = total.leaves[i];
    if (!leaf.InList() && (written.values != rows_ || written.nulls != leaf.nulls)) {
      return Fail(ErrorKind::kInvariant,
                  fmt::format("a Parquet file holds other values than it was given: column {} has "
                              "{} values and {} nulls, not {} and {}",
                              Join(leaf.place.path, "."), written.values, written.nulls, rows_,
                              leaf.nulls));
    }
    columns.push_back(Describe(leaf, written));
  }
  return columns;
}

ColumnStats ParquetStats::Describe(const Leaf& leaf, const ParquetTotals::Leaf& written) {
  const TypeKind kind = leaf.place.type.kind;
  ColumnStats stats{.field_id = leaf.place.field_id,
                    .size_bytes = written.size_bytes,
                    .value_count = written.values,
                    .null_count = written.nulls};
  if (leaf.InList()) return stats;
  if (kind == TypeKind::kFloat || kind == TypeKind::kDouble) stats.nan_count = leaf.nans;
  if (leaf.integers.any) {
    stats.lower = IntegerBytes(kind, leaf.integers.low);
    stats.upper = IntegerBytes(kind, leaf.integers.high);
  } else if (leaf.floats.any) {
    stats.lower = FloatBytes(kind, LowZero(leaf.floats.low));
    stats.upper = FloatBytes(kind, HighZero(leaf.floats.high));
  } else if (leaf.texts) {
    stats.lower = LowerBound(kind, leaf.texts->low);
    stats.upper = UpperBound(kind, leaf.texts->high);
  }
  return stats;
}

}  // namespace sluice
