#include "lake/parquet_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

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

int64_t ScanTexts(duckdb_vector column, const uint64_t* mask, size_t rows,
                  std::optional<TextRange>& to) {
  const auto* data = DataOf<duckdb_string_t>(column);
  TextExtremes chunk;
  const int64_t nulls = ForEachValid(mask, rows, [&](size_t row) { chunk.Take(data[row]); });
  if (!chunk.any()) return nulls;
  if (!to) to.emplace(std::string(chunk.low()), std::string(chunk.high()));
  if (chunk.low() < to->low) to->low = chunk.low();
  if (chunk.high() > to->high) to->high = chunk.high();
  return nulls;
}

int64_t WidthOf(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBool:
      return 1;
    case TypeKind::kInt:
    case TypeKind::kDate:
    case TypeKind::kFloat:
      return 4;
    case TypeKind::kDecimal:
      return type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16;
    case TypeKind::kString:
    case TypeKind::kBinary:
      return sizeof(duckdb_string_t);
    default:
      return 8;
  }
}

// About how many bytes a leaf's values take in memory.
int64_t ValueBytes(const Type& type, duckdb_vector column, const uint64_t* mask, size_t rows) {
  int64_t bytes = static_cast<int64_t>(rows) * WidthOf(type);
  if (!IsText(type.kind)) return bytes;
  const auto* data = DataOf<duckdb_string_t>(column);
  ForEachValid(mask, rows, [&](size_t row) { bytes += data[row].value.inlined.length; });
  return bytes;
}

}  // namespace

ParquetStats::ParquetStats(const IcebergSchema& schema) : fields_(schema.fields) {
  for (const auto& field : fields_) AddLeaves(field, "", false);
}

void ParquetStats::AddLeaves(const IcebergField& field, const std::string& path, bool in_list) {
  const std::string name = path.empty() ? field.name : path + "." + field.name;
  if (field.children.empty()) {
    leaves_.push_back({field.id, field.type, in_list, name});
  }
  for (const auto& child : field.children) {
    AddLeaves(child, name, in_list || field.type.kind == TypeKind::kList);
  }
}

Result<int64_t> ParquetStats::Add(const Chunk& chunk) {
  next_leaf_ = 0;
  int64_t bytes = 0;
  for (size_t i = 0; i < fields_.size(); ++i) {
    bytes += Scan(fields_[i], chunk.column(i), chunk.rows());
  }
  rows_ += static_cast<int64_t>(chunk.rows());
  if (hides_value_) {  // the Parquet writer would give them to the rows that follow
    return Fail(ErrorKind::kInvariant, "a null struct with values in it reached the lake");
  }
  if (HasInfinity()) {
    return Fail(ErrorKind::kInvariant, "an infinite date or time reached the lake",
                "the decoder and the silver SQL must refuse it");
  }
  return bytes;
}

int64_t ParquetStats::Scan(const IcebergField& field, duckdb_vector column, size_t rows) {
  if (field.type.kind == TypeKind::kList) return ScanInList(field, column, rows);
  const Mask mask = duckdb_vector_get_validity(column);
  if (field.children.empty()) {
    Leaf& leaf = leaves_[next_leaf_++];
    leaf.nulls += ScanLeaf(leaf, field.type, column, mask, rows);
    return ValueBytes(field.type, column, mask, rows);
  }
  int64_t bytes = 0;
  for (size_t i = 0; i < field.children.size(); ++i) {
    const duckdb_vector child = duckdb_struct_vector_get_child(column, i);
    hides_value_ |= HidesValue(mask, duckdb_vector_get_validity(child), rows);
    bytes += Scan(field.children[i], child, rows);
  }
  return bytes;
}

int64_t ParquetStats::ScanInList(const IcebergField& field, duckdb_vector column, size_t rows) {
  const Mask mask = duckdb_vector_get_validity(column);
  if (field.children.empty()) {
    ++next_leaf_;
    return ValueBytes(field.type, column, mask, rows);
  }
  if (field.type.kind == TypeKind::kList) {
    return static_cast<int64_t>(rows * sizeof(duckdb_list_entry)) +
           ScanInList(field.children[0], duckdb_list_vector_get_child(column),
                      duckdb_list_vector_get_size(column));
  }
  int64_t bytes = 0;
  for (size_t i = 0; i < field.children.size(); ++i) {
    const duckdb_vector child = duckdb_struct_vector_get_child(column, i);
    hides_value_ |= HidesValue(mask, duckdb_vector_get_validity(child), rows);
    bytes += ScanInList(field.children[i], child, rows);
  }
  return bytes;
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
    const bool date = leaf.type.kind == TypeKind::kDate;
    const bool time =
        leaf.type.kind == TypeKind::kTimestamp || leaf.type.kind == TypeKind::kTimestampTz;
    const Int128 infinity =
        date ? std::numeric_limits<int32_t>::max() : std::numeric_limits<int64_t>::max();
    return (date || time) && leaf.integers.any &&
           (leaf.integers.high == infinity || leaf.integers.low <= -infinity);
  });
}

Result<std::vector<ColumnStats>> ParquetStats::Finish(const ParquetFooter& footer) const {
  if (footer.rows != rows_ || footer.leaves.size() != leaves_.size()) {
    return Fail(ErrorKind::kInvariant,
                fmt::format("a Parquet file holds other rows than it was given: {} rows in {} "
                            "columns, not {} in {}",
                            footer.rows, footer.leaves.size(), rows_, leaves_.size()));
  }
  std::vector<ColumnStats> columns;
  for (size_t i = 0; i < leaves_.size(); ++i) {
    const Leaf& leaf = leaves_[i];
    const ParquetFooter::Leaf& written = footer.leaves[i];
    if (!leaf.in_list && (written.values != rows_ || written.nulls != leaf.nulls)) {
      return Fail(ErrorKind::kInvariant,
                  fmt::format("a Parquet file holds other values than it was given: column {} has "
                              "{} values and {} nulls, not {} and {}",
                              leaf.name, written.values, written.nulls, rows_, leaf.nulls));
    }
    columns.push_back(Describe(leaf, written));
  }
  return columns;
}

ColumnStats ParquetStats::Describe(const Leaf& leaf, const ParquetFooter::Leaf& written) {
  const TypeKind kind = leaf.type.kind;
  ColumnStats stats{.field_id = leaf.field_id,
                    .size_bytes = written.size_bytes,
                    .value_count = written.values,
                    .null_count = written.nulls};
  if (leaf.in_list) return stats;
  if (kind == TypeKind::kFloat || kind == TypeKind::kDouble) stats.nan_count = leaf.nans;
  if (leaf.integers.any) {
    stats.lower = IntegerBytes(kind, leaf.integers.low);
    stats.upper = IntegerBytes(kind, leaf.integers.high);
  } else if (leaf.floats.any) {
    // Zeros compare equal, whatever their sign: the bounds must hold both.
    stats.lower = FloatBytes(kind, leaf.floats.low == 0 ? -0.0 : leaf.floats.low);
    stats.upper = FloatBytes(kind, leaf.floats.high == 0 ? 0.0 : leaf.floats.high);
  } else if (leaf.texts) {
    stats.lower = LowerBound(kind, leaf.texts->low);
    stats.upper = UpperBound(kind, leaf.texts->high);
  }
  return stats;
}

}  // namespace sluice
