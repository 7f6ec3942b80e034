#include "lake/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lake/schema_json.h"

namespace sluice {
namespace {

constexpr int32_t kFirstPartitionId = 1000;

bool IsTime(TypeKind kind) {
  return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampTz;
}

// Returns whether a transform takes this type.
bool Fits(const std::string& transform, TypeKind kind) {
  if (transform == "identity") return kind != TypeKind::kStruct && kind != TypeKind::kList;
  if (transform == "day" || transform == "month") return IsTime(kind) || kind == TypeKind::kDate;
  return transform == "hour" && IsTime(kind);
}

// Names a partition field as Iceberg's own builder does; a column of that name would confuse
// readers, so then a number follows.
std::string FieldName(const PartitionField& wanted, const std::vector<IcebergField>& columns,
                      const std::set<std::string>& taken) {
  if (wanted.transform == "identity") return wanted.column;
  const std::string base = wanted.column + "_" + wanted.transform;
  std::string name = base;
  const auto is_taken = [&] {
    return taken.contains(name) || std::any_of(columns.begin(), columns.end(),
                                               [&](const auto& c) { return c.name == name; });
  };
  for (int number = 2; is_taken(); ++number) name = fmt::format("{}_{}", base, number);
  return name;
}

Result<const IcebergField*> SourceOf(const PartitionField& wanted,
                                     const std::vector<IcebergField>& columns) {
  const auto column = std::find_if(columns.begin(), columns.end(),
                                   [&](const auto& c) { return c.name == wanted.column; });
  if (column == columns.end()) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("partition_by names the unknown column `{}`", wanted.column));
  }
  if (!Fits(wanted.transform, column->type.kind)) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("partition_by: {}({}) cannot be made of the type {}", wanted.transform,
                            wanted.column, Spell(column->type)));
  }
  return &*column;
}

// Returns the field of an older spec that says the same, to keep its id.
const PartitionSpecField* FindOlder(const std::vector<PartitionSpec>& known,
                                    const PartitionSpecField& field) {
  for (const PartitionSpec& spec : known) {
    for (const PartitionSpecField& older : spec.fields) {
      if (older.source_id == field.source_id && older.transform == field.transform) return &older;
    }
  }
  return nullptr;
}

bool SameFields(const PartitionSpec& left, const PartitionSpec& right) {
  return std::equal(left.fields.begin(), left.fields.end(), right.fields.begin(),
                    right.fields.end(), [](const auto& a, const auto& b) {
                      return a.source_id == b.source_id && a.transform == b.transform;
                    });
}

}  // namespace

Result<PartitionSpec> ResolveSpec(const std::vector<PartitionField>& partition_by,
                                  const std::vector<IcebergField>& columns,
                                  const std::vector<PartitionSpec>& known,
                                  int32_t last_partition_id) {
  PartitionSpec spec;
  std::set<std::string> taken;
  for (const PartitionField& wanted : partition_by) {
    SLUICE_ASSIGN(const IcebergField* const column, SourceOf(wanted, columns));
    PartitionSpecField field{.name = FieldName(wanted, columns, taken),
                             .transform = wanted.transform,
                             .source_id = column->id};
    const PartitionSpecField* older = FindOlder(known, field);
    field.field_id =
        older != nullptr ? older->field_id : std::max(last_partition_id + 1, kFirstPartitionId);
    if (older == nullptr) last_partition_id = field.field_id;
    taken.insert(field.name);
    spec.fields.push_back(std::move(field));
  }
  for (const PartitionSpec& other : known) {
    if (SameFields(other, spec)) return other;
    spec.spec_id = std::max(spec.spec_id, other.spec_id + 1);
  }
  return spec;
}

Json SpecFieldsJson(const PartitionSpec& spec) {
  Json fields = Json::array();
  for (const PartitionSpecField& field : spec.fields) {
    fields.push_back({{"name", field.name},
                      {"transform", field.transform},
                      {"source-id", field.source_id},
                      {"field-id", field.field_id}});
  }
  return fields;
}

Result<PartitionSpec> ReadSpec(const Json& json) {
  SLUICE_ASSIGN(const int64_t spec_id, NeedInt(json, "spec-id"));
  PartitionSpec spec{.spec_id = static_cast<int32_t>(spec_id), .fields = {}};
  for (const Json& field : ListMember(json, "fields")) {
    SLUICE_ASSIGN(std::string name, NeedText(field, "name"));
    SLUICE_ASSIGN(std::string transform, NeedText(field, "transform"));
    SLUICE_ASSIGN(const int64_t source_id, NeedInt(field, "source-id"));
    SLUICE_ASSIGN(const int64_t field_id, NeedInt(field, "field-id"));
    spec.fields.push_back({std::move(name), std::move(transform), static_cast<int32_t>(source_id),
                           static_cast<int32_t>(field_id)});
  }
  return spec;
}

std::vector<std::optional<Type>> PartitionTypes(const PartitionSpec& spec, const Json& schemas) {
  std::vector<std::optional<Type>> types;
  for (const PartitionSpecField& field : spec.fields) {
    const std::string& transform = field.transform;
    if (transform == "day") {
      types.push_back(Type{.kind = TypeKind::kDate});
      continue;
    }
    if (transform == "year" || transform == "month" || transform == "hour" ||
        transform.starts_with("bucket")) {
      types.push_back(Type{.kind = TypeKind::kInt});
      continue;
    }
    // The newest schema that has the column knows its widest type.
    const Json* source = nullptr;
    for (const Json& schema : schemas) {
      const Json* found = FindField(ListMember(schema, "fields"), field.source_id);
      if (found != nullptr) source = found;
    }
    types.push_back(source == nullptr ? std::nullopt : ReadPrimitive((*source)["type"]));
  }
  return types;
}

}  // namespace sluice
