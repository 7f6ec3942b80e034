#pragma once

#include "lake/json.h"
#include "lake/table_schema.h"

namespace sluice {

/// Reads a table's schema, written by whatever engine. FailsWith kInvalidConfig, naming the column,
/// when it has a type that sluice has no form for (map, uuid, time, …).
Result<IcebergSchema> ReadSchema(const Json& schema);

/// FailsWith kInvalidConfig when a nested field had another name, or another field its name, in any
/// of the table's schemas: DuckDB finds nested fields by name, so their data would be mixed up.
Status CheckNestedNames(const Json& schemas);

}  // namespace sluice
