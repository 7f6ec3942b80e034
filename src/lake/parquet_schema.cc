#include "lake/parquet_schema.h"

#include <cmath>

namespace sluice {
namespace {

enum Repetition : int32_t { kOptional = 1, kRepeated = 2 };
// What readers look at that do not know logical types yet.
enum ConvertedType : int32_t {
  kUtf8 = 0,
  kList = 3,
  kDecimal = 5,
  kDate = 6,
  kTimestampMicros = 10
};

// Ids of SchemaElement's fields.
namespace element {
constexpr int16_t kType = 1, kLength = 2, kRepetition = 3, kName = 4, kChildren = 5, kConverted = 6,
                  kScale = 7, kPrecision = 8, kFieldId = 9, kLogical = 10;
}
// Members of LogicalType.
namespace logical {
constexpr int16_t kString = 1, kListOf = 3, kDecimalOf = 5, kDateOf = 6, kTimestamp = 8;
constexpr int16_t kMicros = 2;  // of TimeUnit
}  // namespace logical

PhysicalType PhysicalOf(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBool:
      return PhysicalType::kBoolean;
    case TypeKind::kInt:
    case TypeKind::kDate:
      return PhysicalType::kInt32;
    case TypeKind::kFloat:
      return PhysicalType::kFloat;
    case TypeKind::kDouble:
      return PhysicalType::kDouble;
    case TypeKind::kDecimal:
      return type.precision <= 9    ? PhysicalType::kInt32
             : type.precision <= 18 ? PhysicalType::kInt64
                                    : PhysicalType::kFixedBytes;
    case TypeKind::kString:
    case TypeKind::kBinary:
    case TypeKind::kStruct:
    case TypeKind::kList:
      return PhysicalType::kByteArray;
    case TypeKind::kLong:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      break;
  }
  return PhysicalType::kInt64;
}

// The fewest bytes whose two's complement holds 10^precision - 1.
int32_t DecimalBytes(int32_t precision) {
  constexpr double kBitsPerDigit = 3.321928094887362;  // log2(10)
  const auto bits = static_cast<int32_t>(std::ceil(precision * kBitsPerDigit)) + 1;
  return (bits + 7) / 8;
}

void AddLeaves(const IcebergField& field, ParquetLeaf at, std::vector<ParquetLeaf>& to) {
  at.path.push_back(field.name);
  if (field.children.empty()) {
    at.field_id = field.id;
    at.type = field.type;
    at.physical = PhysicalOf(field.type);
    if (at.physical == PhysicalType::kFixedBytes) {
      at.fixed_bytes = DecimalBytes(field.type.precision);
    }
    to.push_back(std::move(at));
    return;
  }
  const bool is_list = field.type.kind == TypeKind::kList;
  if (is_list) {
    at.path.emplace_back("list");
    ++at.max_repetition;
    ++at.max_definition;  // a list that is there may be empty
  }
  ++at.max_definition;
  for (size_t i = 0; i < field.children.size(); ++i) {
    ParquetLeaf child = at;
    child.steps.push_back({is_list ? LeafStep::kElement : i});
    AddLeaves(field.children[i], std::move(child), to);
  }
}

void WriteLogical(const Type& type, ThriftWriter& to) {
  switch (type.kind) {
    case TypeKind::kString:
      to.Begin(element::kLogical);
      to.Empty(logical::kString);
      return to.End();
    case TypeKind::kList:
      to.Begin(element::kLogical);
      to.Empty(logical::kListOf);
      return to.End();
    case TypeKind::kDate:
      to.Begin(element::kLogical);
      to.Empty(logical::kDateOf);
      return to.End();
    case TypeKind::kDecimal:
      to.Begin(element::kLogical);
      to.Begin(logical::kDecimalOf);
      to.I32(1, type.scale);
      to.I32(2, type.precision);
      to.End();
      return to.End();
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      to.Begin(element::kLogical);
      to.Begin(logical::kTimestamp);
      to.Bool(1, type.kind == TypeKind::kTimestampTz);
      to.Begin(2);
      to.Empty(logical::kMicros);
      to.End();
      to.End();
      return to.End();
    default:
      return;
  }
}

void WriteConverted(const Type& type, ThriftWriter& to) {
  switch (type.kind) {
    case TypeKind::kString:
      return to.I32(element::kConverted, kUtf8);
    case TypeKind::kList:
      return to.I32(element::kConverted, kList);
    case TypeKind::kDate:
      return to.I32(element::kConverted, kDate);
    case TypeKind::kTimestampTz:  // there is none for local times
      return to.I32(element::kConverted, kTimestampMicros);
    case TypeKind::kDecimal:
      to.I32(element::kConverted, kDecimal);
      to.I32(element::kScale, type.scale);
      return to.I32(element::kPrecision, type.precision);
    default:
      return;
  }
}

void WriteGroup(std::string_view name, int32_t repetition, size_t children, ThriftWriter& to) {
  to.BeginElement();
  to.I32(element::kRepetition, repetition);
  to.Binary(element::kName, name);
  to.I32(element::kChildren, static_cast<int32_t>(children));
}

void WriteField(const IcebergField& field, ThriftWriter& to) {
  const bool is_list = field.type.kind == TypeKind::kList;
  if (field.children.empty()) {
    to.BeginElement();
    const PhysicalType physical = PhysicalOf(field.type);
    to.I32(element::kType, static_cast<int32_t>(physical));
    if (physical == PhysicalType::kFixedBytes) {
      to.I32(element::kLength, DecimalBytes(field.type.precision));
    }
    to.I32(element::kRepetition, kOptional);
    to.Binary(element::kName, field.name);
  } else {
    WriteGroup(field.name, kOptional, is_list ? 1 : field.children.size(), to);
  }
  WriteConverted(field.type, to);
  to.I32(element::kFieldId, field.id);
  WriteLogical(field.type, to);
  to.End();
  if (is_list) {
    WriteGroup("list", kRepeated, 1, to);
    to.End();
  }
  for (const IcebergField& child : field.children) WriteField(child, to);
}

size_t Elements(const IcebergField& field) {
  size_t count = field.type.kind == TypeKind::kList ? 2 : 1;
  for (const IcebergField& child : field.children) count += Elements(child);
  return count;
}

}  // namespace

std::vector<ParquetLeaf> LeavesOf(const IcebergSchema& schema) {
  std::vector<ParquetLeaf> leaves;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    AddLeaves(schema.fields[i], ParquetLeaf{.column = i}, leaves);
  }
  return leaves;
}

void WriteSchema(const IcebergSchema& schema, ThriftWriter& to) {
  constexpr int16_t kSchemaField = 2;
  size_t count = 1;
  for (const IcebergField& field : schema.fields) count += Elements(field);
  to.List(kSchemaField, ThriftType::kStruct, count);
  to.BeginElement();
  to.Binary(element::kName, "table");
  to.I32(element::kChildren, static_cast<int32_t>(schema.fields.size()));
  to.End();
  for (const IcebergField& field : schema.fields) WriteField(field, to);
}

}  // namespace sluice
