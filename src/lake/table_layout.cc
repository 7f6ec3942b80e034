#include "lake/table_layout.h"

#include <fmt/format.h>

#include "core/text.h"
#include "lake/folder_store.h"
#include "lake/partition.h"

namespace sluice {
namespace {

constexpr int32_t kNoPartitionId = 999;
constexpr const char* kSchemaCode = "E0401";

std::string Spelled(const PartitionSpec& spec, const std::vector<PartitionField>& wanted) {
  std::vector<std::string> items;
  for (size_t i = 0; i < spec.fields.size(); ++i) {
    const std::string source = i < wanted.size() ? wanted[i].column : spec.fields[i].name;
    const std::string& transform = spec.fields[i].transform;
    items.push_back(transform == "identity" ? source : fmt::format("{}({})", transform, source));
  }
  return items.empty() ? "nothing" : Join(items, ", ");
}

// Where two addresses say the same place, slashes at the end and `file:/` aside.
bool SamePlace(std::string left, std::string right) {
  while (left.ends_with('/')) left.pop_back();
  while (right.ends_with('/')) right.pop_back();
  return NormalizeAddress(left) == NormalizeAddress(right);
}

}  // namespace

Result<TableLayout> NewLayout(const LakeTable& table) {
  TableLayout layout{.schema = MatchSchema(Json::array(), table.columns, /*last_column_id=*/0),
                     .spec = {}};
  SLUICE_ASSIGN(layout.spec,
                ResolveSpec(table.partition_by, layout.schema.fields, {}, kNoPartitionId));
  return layout;
}

Result<TableLayout> NextLayout(const LakeTable& table, const TableMetadata& metadata) {
  TableLayout layout{.schema = MatchSchema(ListMember(metadata.CurrentSchema(), "fields"),
                                           table.columns, metadata.last_column_id),
                     .spec = {}};
  std::vector<std::string> differences = layout.schema.differences;
  if (!SamePlace(metadata.location, table.location)) {
    differences.push_back(
        fmt::format("it lies at `{}`, not at `{}`", metadata.location, table.location));
  }
  if (!differences.empty()) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("the lake table {} does not fit the pipeline: {}", table.name.Full(),
                            Join(differences, "; ")),
                "sluice adds columns; renaming and changing types is for another engine, or write "
                "to a new table",
                kSchemaCode);
  }
  SLUICE_ASSIGN(layout.spec, ResolveSpec(table.partition_by, layout.schema.fields, metadata.specs,
                                         metadata.last_partition_id));
  return layout;
}

std::vector<TableChange> DescribeChanges(const LakeTable& table, const TableMetadata& metadata,
                                         const TableLayout& next) {
  std::vector<TableChange> changes;
  const std::string name = table.name.Full();
  if (!next.schema.added.empty()) {
    changes.push_back(
        {.table = name, .action = "add column", .detail = Join(next.schema.added, ", ")});
  }
  if (next.spec.spec_id != metadata.default_spec_id) {
    changes.push_back({.table = name,
                       .action = "partition",
                       .detail = "new files by " + Spelled(next.spec, table.partition_by)});
  }
  if (changes.empty()) changes.push_back({.table = name, .action = "none", .detail = {}});
  return changes;
}

TableChange DescribeCreation(const LakeTable& table) {
  std::vector<std::string> columns;
  for (const Field& field : table.columns) {
    columns.push_back(field.name + ": " + Spell(field.type));
  }
  return {.table = table.name.Full(),
          .action = "create",
          .detail = fmt::format("at {}: {}", table.location, Join(columns, ", "))};
}

Result<PreparedTable> PrepareTable(const LakeTable& table, const TableMetadata& metadata) {
  SLUICE_ASSIGN(TableLayout layout, NextLayout(table, metadata));
  PreparedTable prepared{.table = table,
                         .table_uuid = metadata.uuid,
                         .schema = {.schema_id = 0, .fields = std::move(layout.schema.fields)},
                         .context = {.schema = metadata.CurrentSchema(),
                                     .spec = std::move(layout.spec),
                                     .partition_types = {}}};
  prepared.schema.schema_id =
      static_cast<int32_t>(IntMember(prepared.context.schema, "schema-id").value_or(0));
  for (auto& type : PartitionTypes(prepared.context.spec, metadata.schemas())) {
    if (!type) return Fail(ErrorKind::kInvariant, "a partition field has no type");
    prepared.context.partition_types.push_back(*std::move(type));
  }
  return prepared;
}

Status CheckStillFits(const PreparedTable& prepared, const TableMetadata& metadata) {
  const PartitionSpec& spec = prepared.context.spec;
  const PartitionSpec* live = metadata.FindSpec(spec.spec_id);
  bool fits = metadata.uuid == prepared.table_uuid && live != nullptr && *live == spec;
  if (fits && metadata.CurrentSchema() != prepared.context.schema) {
    const SchemaMatch match = MatchSchema(ListMember(metadata.CurrentSchema(), "fields"),
                                          prepared.table.columns, metadata.last_column_id);
    fits =
        match.added.empty() && match.differences.empty() && match.fields == prepared.schema.fields;
  }
  if (fits) return {};
  return Fail(ErrorKind::kFatal,
              fmt::format("another engine changed the table {} so that the rows in hand do not fit",
                          prepared.table.name.Full()),
              "start again: the difference is named then, and no record is lost", kSchemaCode);
}

}  // namespace sluice
