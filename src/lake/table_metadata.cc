#include "lake/table_metadata.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/types.h"
#include "lake/deflate.h"
#include "lake/partition.h"

namespace sluice {
namespace {

constexpr int64_t kMaxMetadataBytes = 256 << 20;
constexpr size_t kMaxMetadataLog = 100;
constexpr int32_t kNoPartitionId = 999;

const Json* FindById(const Json& list, const char* key, int64_t id) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const Json& item) { return IntMember(item, key) == id; });
  return found == list.end() ? nullptr : &*found;
}

Status ReadNumbers(TableMetadata& table) {
  const Json& tree = table.tree;
  SLUICE_ASSIGN(table.uuid, NeedText(tree, "table-uuid"));
  SLUICE_ASSIGN(table.location, NeedText(tree, "location"));
  SLUICE_ASSIGN(table.last_sequence_number, NeedInt(tree, "last-sequence-number"));
  SLUICE_ASSIGN(table.last_updated_ms, NeedInt(tree, "last-updated-ms"));
  SLUICE_ASSIGN(const int64_t column_id, NeedInt(tree, "last-column-id"));
  SLUICE_ASSIGN(const int64_t partition_id, NeedInt(tree, "last-partition-id"));
  SLUICE_ASSIGN(const int64_t spec_id, NeedInt(tree, "default-spec-id"));
  constexpr int64_t kMaxId = INT32_MAX / 2;
  if (column_id < 0 || column_id > kMaxId || partition_id < 0 || partition_id > kMaxId ||
      table.last_sequence_number < 0 || table.last_sequence_number > INT64_MAX / 2) {
    return Broken("lake metadata has a number out of range");
  }
  table.last_column_id = static_cast<int32_t>(column_id);
  table.last_partition_id = static_cast<int32_t>(partition_id);
  table.default_spec_id = static_cast<int32_t>(spec_id);
  const int64_t current = IntMember(tree, "current-snapshot-id").value_or(-1);
  if (current != -1) table.current_snapshot_id = current;
  return {};
}

Status ReadLists(TableMetadata& table) {
  for (const Json& schema : ListMember(table.tree, "schemas")) SLUICE_TRY(CheckSchemaJson(schema));
  SLUICE_ASSIGN(const int64_t schema_id, NeedInt(table.tree, "current-schema-id"));
  if (FindById(ListMember(table.tree, "schemas"), "schema-id", schema_id) == nullptr) {
    return Broken("lake metadata lacks its current schema");
  }
  for (const Json& json : ListMember(table.tree, "partition-specs")) {
    SLUICE_ASSIGN(PartitionSpec spec, ReadSpec(json));
    table.specs.push_back(std::move(spec));
  }
  if (table.FindSpec(table.default_spec_id) == nullptr) {
    return Broken("lake metadata lacks its default partition spec");
  }
  for (const Json& snapshot : ListMember(table.tree, "snapshots")) {
    SLUICE_TRY(NeedInt(snapshot, "snapshot-id"));
    SLUICE_TRY(NeedInt(snapshot, "timestamp-ms"));
    SLUICE_TRY(NeedText(snapshot, "manifest-list"));
    SLUICE_ASSIGN(const int64_t sequence, NeedInt(snapshot, "sequence-number"));
    if (sequence > table.last_sequence_number) {
      return Broken("lake metadata has a snapshot newer than its last sequence number");
    }
  }
  // Readers take a table without current snapshot as empty; an append would then lose all rows.
  const bool has_snapshots = !ListMember(table.tree, "snapshots").empty();
  if (table.current_snapshot_id ? table.CurrentSnapshot() == nullptr
                                : Member(table.tree, "refs") != nullptr && has_snapshots &&
                                      Member(table.tree["refs"], "main") != nullptr) {
    return Broken("lake metadata lacks its current snapshot");
  }
  return {};
}

// Makes `key` an array where it is missing or something else, and returns it.
Json& ListIn(Json& tree, const char* key) {
  Json& list = tree[key];
  if (!list.is_array()) list = Json::array();
  return list;
}

// Iceberg for Java refuses a commit older than the last one.
int64_t NotBefore(const TableMetadata& base, int64_t now_ms) {
  int64_t least = base.last_updated_ms;
  for (const Json& entry : ListMember(base.tree, "snapshot-log")) {
    least = std::max(least, IntMember(entry, "timestamp-ms").value_or(0));
  }
  return std::max(least, now_ms);
}

// Notes the file that the new tree replaces.
void Succeed(Json& tree, const TableMetadata& base, const std::string& path, int64_t updated_ms) {
  Json& log = ListIn(tree, "metadata-log");
  log.push_back({{"timestamp-ms", base.last_updated_ms}, {"metadata-file", path}});
  if (log.size() > kMaxMetadataLog) {
    log.erase(log.begin(), log.end() - static_cast<std::ptrdiff_t>(kMaxMetadataLog));
  }
  tree["last-updated-ms"] = updated_ms;
}

Json SpecJson(const PartitionSpec& spec) {
  return {{"spec-id", spec.spec_id}, {"fields", SpecFieldsJson(spec)}};
}

void AddSchema(Json& tree, const TableMetadata& base, const SchemaMatch& match) {
  if (match.added.empty()) return;
  Json schema = base.CurrentSchema();
  int64_t schema_id = 0;
  for (const Json& other : base.schemas()) {
    schema_id = std::max(schema_id, IntMember(other, "schema-id").value_or(0) + 1);
  }
  schema["schema-id"] = schema_id;
  schema["fields"] = match.table_fields;
  ListIn(tree, "schemas").push_back(std::move(schema));
  tree["current-schema-id"] = schema_id;
  tree["last-column-id"] = match.last_column_id;
}

int32_t LastPartitionId(const PartitionSpec& spec, int32_t known) {
  for (const PartitionSpecField& field : spec.fields) known = std::max(known, field.field_id);
  return known;
}

}  // namespace

const Json& TableMetadata::CurrentSchema() const {
  return *FindById(schemas(), "schema-id", *IntMember(tree, "current-schema-id"));
}

const PartitionSpec* TableMetadata::FindSpec(int64_t spec_id) const {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [&](const auto& spec) { return spec.spec_id == spec_id; });
  return found == specs.end() ? nullptr : &*found;
}

const Json* TableMetadata::FindSnapshot(int64_t snapshot_id) const {
  return FindById(ListMember(tree, "snapshots"), "snapshot-id", snapshot_id);
}

const Json* TableMetadata::CurrentSnapshot() const {
  return current_snapshot_id ? FindSnapshot(*current_snapshot_id) : nullptr;
}

Result<TableMetadata> CheckMetadata(Json tree, std::string_view path) {
  TableMetadata table;
  table.tree = std::move(tree);
  const auto version = IntMember(table.tree, "format-version");
  if (version && *version != 2) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("`{}` has Iceberg format version {}", path, *version),
                "sluice writes tables of format version 2 only");
  }
  Status status = version ? ReadNumbers(table) : Broken("lake metadata lacks `format-version`");
  if (status) status = ReadLists(table);
  if (!status) return Broken(fmt::format("`{}`: {}", path, status.error().message));
  return table;
}

Result<TableMetadata> ParseMetadata(std::string_view bytes, std::string_view path) {
  std::string plain;
  if (bytes.starts_with("\x1F\x8B")) {
    SLUICE_ASSIGN(plain, Inflate(bytes, DeflateFormat::kGzip, kMaxMetadataBytes));
    bytes = plain;
  }
  SLUICE_ASSIGN(Json tree, ParseJson(bytes, path));
  return CheckMetadata(std::move(tree), path);
}

Json NewTableMetadata(const std::string& location, const TableLayout& layout, int64_t now_ms) {
  const Json schema{{"type", "struct"}, {"schema-id", 0}, {"fields", layout.schema.table_fields}};
  return {{"format-version", 2},
          {"table-uuid", Uuid::Random().value},
          {"location", location},
          {"last-sequence-number", 0},
          {"last-updated-ms", now_ms},
          {"last-column-id", layout.schema.last_column_id},
          {"schemas", Json::array({schema})},
          {"current-schema-id", 0},
          {"partition-specs", Json::array({SpecJson(layout.spec)})},
          {"default-spec-id", layout.spec.spec_id},
          {"last-partition-id", LastPartitionId(layout.spec, kNoPartitionId)},
          {"sort-orders", Json::array({Json{{"order-id", 0}, {"fields", Json::array()}}})},
          {"default-sort-order-id", 0},
          // We commit often; an engine that loses a race should try more than four times.
          {"properties", {{"commit.retry.num-retries", "20"}}},
          {"snapshots", Json::array()},
          {"snapshot-log", Json::array()},
          {"metadata-log", Json::array()},
          {"refs", Json::object()}};
}

Json WithLayout(const TableMetadata& base, const std::string& path, const TableLayout& layout,
                int64_t now_ms) {
  Json tree = base.tree;
  AddSchema(tree, base, layout.schema);
  if (base.FindSpec(layout.spec.spec_id) == nullptr) {
    ListIn(tree, "partition-specs").push_back(SpecJson(layout.spec));
  }
  tree["default-spec-id"] = layout.spec.spec_id;
  tree["last-partition-id"] = LastPartitionId(layout.spec, base.last_partition_id);
  Succeed(tree, base, path, NotBefore(base, now_ms));
  return tree;
}

Json WithSnapshot(const TableMetadata& base, const std::string& path, const SnapshotDraft& draft,
                  int64_t now_ms) {
  Json tree = base.tree;
  const int64_t time_ms = NotBefore(base, now_ms);
  Json snapshot{{"snapshot-id", draft.snapshot_id},
                {"sequence-number", base.last_sequence_number + 1},
                {"timestamp-ms", time_ms},
                {"manifest-list", draft.manifest_list},
                {"summary", draft.summary},
                {"schema-id", *IntMember(base.tree, "current-schema-id")}};
  if (base.current_snapshot_id) snapshot["parent-snapshot-id"] = *base.current_snapshot_id;
  ListIn(tree, "snapshots").push_back(std::move(snapshot));
  tree["last-sequence-number"] = base.last_sequence_number + 1;
  tree["current-snapshot-id"] = draft.snapshot_id;
  Json& refs = tree["refs"];
  if (!refs.is_object()) refs = Json::object();
  Json& main = refs["main"];
  if (!main.is_object()) main = Json{{"type", "branch"}};
  main["snapshot-id"] = draft.snapshot_id;
  ListIn(tree, "snapshot-log")
      .push_back({{"timestamp-ms", time_ms}, {"snapshot-id", draft.snapshot_id}});
  Succeed(tree, base, path, time_ms);
  return tree;
}

Json WithoutSnapshots(const TableMetadata& base, const std::string& path,
                      const std::set<int64_t>& dropped, int64_t now_ms) {
  Json tree = base.tree;
  const auto is_dropped = [&](const Json& item) {
    return dropped.contains(IntMember(item, "snapshot-id").value_or(0));
  };
  for (const char* key : {"snapshots", "statistics", "partition-statistics"}) {
    if (!tree.contains(key) || !tree[key].is_array()) continue;
    Json& list = tree[key];
    list.erase(std::remove_if(list.begin(), list.end(), is_dropped), list.end());
  }
  Json& log = ListIn(tree, "snapshot-log");
  const auto last = std::find_if(log.rbegin(), log.rend(), is_dropped);
  log.erase(log.begin(), last.base());
  Succeed(tree, base, path, NotBefore(base, now_ms));
  return tree;
}

}  // namespace sluice
