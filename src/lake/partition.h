#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/spec.h"
#include "lake/avro_reader.h"
#include "lake/avro_writer.h"
#include "lake/json.h"
#include "lake/table_schema.h"

namespace sluice {

/// Returns the spec that `partition_by` asks for: one of the table's when it has the same fields,
/// else a new one with the next id, whose fields keep the ids they had in older specs.
/// FailsWith kInvalidConfig for a column that does not exist or cannot be split that way.
Result<PartitionSpec> ResolveSpec(const std::vector<PartitionField>& partition_by,
                                  const std::vector<IcebergField>& columns,
                                  const std::vector<PartitionSpec>& known,
                                  int32_t last_partition_id);

Json SpecFieldsJson(const PartitionSpec& spec);
Result<PartitionSpec> ReadSpec(const Json& json);

/// The type of each of the spec's partition values, by the table's schemas (any of them may hold a
/// source column that was dropped since). Nothing where we cannot tell or have no such type.
std::vector<std::optional<Type>> PartitionTypes(const PartitionSpec& spec, const Json& schemas);

/// Returns the Avro type of a partition value, without the null; `field_id` makes its name unique.
Json PartitionAvroType(const Type& type, int32_t field_id);
/// Encodes single-value bytes as that type; Broken when they do not fit it.
Status EncodePartitionValue(const Type& type, const std::string& bytes, AvroEncoder& out);
/// Returns the single-value bytes of a decoded value; nothing for null.
Result<std::optional<std::string>> DecodePartitionValue(const Type& type, const AvroValue& value);

/// Orders two values of the type, given as single-value bytes: below 0, 0, above 0.
int CompareValues(const Type& type, const std::string& left, const std::string& right);
bool IsNan(const Type& type, const std::string& bytes);

/// Returns a value for people: `2026-01-31`, `2026-01-31-07`, `fantasy`.
std::string SpellValue(const Type& type, const std::string& transform, const std::string& bytes);

}  // namespace sluice
