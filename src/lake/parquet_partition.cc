#include "lake/parquet_partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "lake/parquet_bounds.h"
#include "lake/parquet_scan.h"
#include "lake/partition.h"

namespace sluice {
namespace {

using TransformName = std::pair<std::string_view, PartitionTransform>;
constexpr TransformName kTransforms[] = {
    {"identity", PartitionTransform::kIdentity},
    {"day", PartitionTransform::kDay},
    {"hour", PartitionTransform::kHour},
    {"month", PartitionTransform::kMonth},
};

std::string NameOf(PartitionTransform transform) {
  return std::string(std::ranges::find(kTransforms, transform, &TransformName::second)->first);
}

bool Takes(PartitionTransform transform, TypeKind kind) {
  switch (kind) {
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      return true;
    case TypeKind::kDate:
      return transform != PartitionTransform::kHour;
    case TypeKind::kFloat:  // NaN and the two zeros make no sane folders
    case TypeKind::kDouble:
    case TypeKind::kStruct:
    case TypeKind::kList:
      return false;
    default:
      return transform == PartitionTransform::kIdentity;
  }
}

std::string_view TextAt(duckdb_vector column, size_t row) {
  return ViewOf(DataOf<duckdb_string_t>(column)[row]);
}

bool HasValue(duckdb_vector column, size_t row) {
  return IsValid(duckdb_vector_get_validity(column), row);
}

constexpr int64_t kMicrosPerHour = 3'600'000'000;
constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;

int64_t FloorDivide(int64_t number, int64_t divisor) {
  return number / divisor - (number % divisor < 0 ? 1 : 0);
}

// Months since January 1970. The Gregorian calendar repeats every 400 years of 146,097 days;
// years that begin in March have their leap day last, so month lengths follow one formula.
int64_t MonthOf(int64_t days) {
  constexpr int64_t kMarch0000To1970 = 719'468;
  const int64_t era = FloorDivide(days + kMarch0000To1970, 146'097);
  const int64_t day = days + kMarch0000To1970 - era * 146'097;
  const int64_t year = (day - day / 1'460 + day / 36'524 - day / 146'096) / 365;
  const int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;  // 0 is March
  return (era * 400 + year - 1970) * 12 + month + 2;
}

// The partition's number of a column's value; for all but decimals it fits in 64 bits.
Int128 Apply(PartitionTransform transform, TypeKind kind, Int128 value) {
  const auto number = static_cast<int64_t>(value);
  switch (transform) {
    case PartitionTransform::kIdentity:
      return value;
    case PartitionTransform::kDay:
      return kind == TypeKind::kDate ? number : FloorDivide(number, kMicrosPerDay);
    case PartitionTransform::kHour:
      return FloorDivide(number, kMicrosPerHour);
    case PartitionTransform::kMonth:
      return MonthOf(kind == TypeKind::kDate ? number : FloorDivide(number, kMicrosPerDay));
  }
  return value;
}

// The type of a partition's value.
Type ResultType(PartitionTransform transform, const Type& source) {
  if (transform == PartitionTransform::kIdentity) return source;
  return {.kind = transform == PartitionTransform::kDay ? TypeKind::kDate : TypeKind::kInt};
}

}  // namespace

Result<Partitioner::Field> Partitioner::MakeField(const IcebergSchema& schema,
                                                  const PartitionSpecField& field) {
  const auto source = std::ranges::find(schema.fields, field.source_id, &IcebergField::id);
  const auto transform = std::ranges::find(kTransforms, field.transform, &TransformName::first);
  if (source == schema.fields.end() || transform == std::end(kTransforms) ||
      !Takes(transform->second, source->type.kind)) {
    return Fail(
        ErrorKind::kInvalidConfig,
        fmt::format("a table cannot be partitioned by {}: {} of {}", field.name, field.transform,
                    source == schema.fields.end() ? "an unknown column" : Spell(source->type)),
        "partition_by takes identity, day, hour and month of top-level columns");
  }
  return Field{static_cast<size_t>(source - schema.fields.begin()), source->type,
               transform->second};
}

Result<std::unique_ptr<Partitioner>> Partitioner::Make(const IcebergSchema& schema,
                                                       const PartitionSpec& spec) {
  std::vector<Field> fields;
  for (const auto& field : spec.fields) {
    SLUICE_ASSIGN(Field made, MakeField(schema, field));
    fields.push_back(std::move(made));
  }
  return std::unique_ptr<Partitioner>(new Partitioner(std::move(fields)));
}

bool Partitioner::IsOnePartition(const Chunk& chunk) const {
  return std::ranges::all_of(fields_, [&](const Field& field) { return IsOneValue(field, chunk); });
}

bool Partitioner::IsOneValue(const Field& field, const Chunk& chunk) {
  const duckdb_vector column = chunk.column(field.column);
  const uint64_t* mask = duckdb_vector_get_validity(column);
  const size_t rows = chunk.rows();
  const TypeKind kind = field.type.kind;
  if (!IsText(kind)) {
    Extremes<Int128> extremes;  // each transform keeps the order, so these two decide
    const int64_t nulls = ScanIntegers(field.type, column, mask, rows, extremes);
    return nulls == 0 ? Apply(field.transform, kind, extremes.low) ==
                            Apply(field.transform, kind, extremes.high)
                      : nulls == static_cast<int64_t>(rows);
  }
  bool same = true;
  std::optional<std::string_view> first;
  const auto* data = DataOf<duckdb_string_t>(column);
  const int64_t nulls = ForEachValid(mask, rows, [&](size_t row) {
    const std::string_view text = ViewOf(data[row]);
    if (!first) first = text;
    same = same && text == *first;
  });
  return nulls == 0 ? same : nulls == static_cast<int64_t>(rows);
}

void Partitioner::AppendKey(const Chunk& chunk, size_t row, std::string& key) const {
  const auto append = [&](const auto& value) {
    key.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (const Field& field : fields_) {
    const duckdb_vector column = chunk.column(field.column);
    const bool valid = HasValue(column, row);
    key.push_back(valid ? '+' : '-');
    if (!valid) continue;
    if (IsText(field.type.kind)) {
      const std::string_view text = TextAt(column, row);
      append(text.size());
      key.append(text);
    } else {
      append(Apply(field.transform, field.type.kind, IntegerAt(field.type, column, row)));
    }
  }
}

std::vector<PartitionValue> Partitioner::ValuesOf(const Chunk& chunk, size_t row) const {
  std::vector<PartitionValue> values;
  for (const Field& field : fields_) values.push_back(ValueOf(field, chunk, row));
  return values;
}

PartitionValue Partitioner::ValueOf(const Field& field, const Chunk& chunk, size_t row) {
  const duckdb_vector column = chunk.column(field.column);
  if (!HasValue(column, row)) return {std::nullopt, "null"};
  const Type type = ResultType(field.transform, field.type);
  const std::string bytes =
      IsText(type.kind) ? std::string(TextAt(column, row))
                        : IntegerBytes(type.kind, Apply(field.transform, field.type.kind,
                                                        IntegerAt(field.type, column, row)));
  return {bytes, SpellValue(type, NameOf(field.transform), bytes)};
}

}  // namespace sluice
