#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"

namespace sluice {

/// The column types of product.md. No time, no uuid: other engines stumble over them.
enum class TypeKind : uint8_t {
  kBool,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kString,
  kBinary,
  kDate,
  kTimestamp,
  kTimestampTz,
  kStruct,
  kList,
};

struct Field;

/// A column type. Decimals have precision (1…38) and scale; a struct has its fields in `children`,
/// a list exactly one child, named `element`.
struct Type {
  TypeKind kind = TypeKind::kString;
  uint8_t precision = 0;
  uint8_t scale = 0;
  std::vector<Field> children;
  bool operator==(const Type&) const = default;
};

struct Field {
  std::string name;
  Type type;
  bool required = false;
  std::string comment{};
  bool operator==(const Field&) const = default;
};

/// The columns of one table, in order.
struct Schema {
  std::vector<Field> fields;
  bool operator==(const Schema&) const = default;
};

/// Returns the type as the pipeline file writes it: `decimal(12,2)`, `list<struct<a: int>>`.
std::string Spell(const Type& type);

/// Reads a type as Spell writes it (blanks are free). FailsWith kInvalidConfig on anything else.
Result<Type> ParseType(std::string_view text);

/// The last four columns of every bronze and silver chunk and table, in this order.
/// `_timestamp` is Kafka's, null when the record has none; the other three are required.
inline constexpr size_t kLineageColumns = 4;
const std::vector<Field>&
LineageFields();  // _timestamp timestamptz, _log int, _partition int, _offset long

/// Returns declared + `_rest string, _headers list<struct<key string, value binary>>, _key binary`
/// + lineage: the layout of bronze chunks and of the bronze table.
Schema BronzeSchema(const std::vector<Field>& declared);

/// Returns selected + lineage: the layout of silver chunks and of the silver tables.
Schema SilverSchema(const std::vector<Field>& selected);

}  // namespace sluice
