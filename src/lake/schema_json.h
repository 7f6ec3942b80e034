#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lake/json.h"
#include "lake/table_schema.h"

namespace sluice {

/// Returns the JSON of a column type without children: `"decimal(12, 2)"`, `"boolean"`.
Json PrimitiveJson(const Type& type);

/// Reads PrimitiveJson back; nothing for nested types and for those that product.md lacks.
std::optional<Type> ReadPrimitive(const Json& json);

/// Returns a schema as Iceberg's metadata has it.
Json SchemaJson(const IcebergSchema& schema);

/// Checks that a table's schema is whole: ids, names and types where they belong. Broken if not.
Status CheckSchemaJson(const Json& schema);

/// Returns the field with this id, nested ones too; null when there is none.
const Json* FindField(const Json& fields, int64_t id);

/// Returns any type for people: `struct<a: int, b: list<string>>`, `map<string, uuid>`.
std::string SpellJson(const Json& type);

/// How a live table's schema and the wanted columns go together. Columns are matched by name,
/// inside structs too.
struct SchemaMatch {
  std::vector<IcebergField> fields{};  ///< the wanted columns in their order, with the table's ids
  Json table_fields{};                 ///< the table's fields, new ones behind them
  int32_t last_column_id = 0;
  std::vector<std::string> added{};        ///< `price: decimal(12,2)`, `address.zip: string`
  std::vector<std::string> differences{};  ///< what adding columns cannot bridge; empty: fits
};

/// Matches a table's fields (an empty array: a new table, which takes `required` as wanted) with
/// the wanted columns. A column that only the table has is left alone, unless a new one of the
/// same type makes it look like a rename.
SchemaMatch MatchSchema(const Json& table_fields, const std::vector<Field>& wanted,
                        int32_t last_column_id);

}  // namespace sluice
