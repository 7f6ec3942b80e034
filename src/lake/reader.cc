#include "lake/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lake/catalog.h"
#include "lake/in_parallel.h"
#include "lake/partition.h"
#include "lake/table_loader.h"

namespace sluice {
namespace {

constexpr std::chrono::seconds kStoreCall{60};
constexpr size_t kConnections = 8;

LakeSnapshot ReadSnapshot(const Json& json) {
  LakeSnapshot snapshot{.snapshot_id = IntMember(json, "snapshot-id").value_or(0),
                        .parent_id = IntMember(json, "parent-snapshot-id"),
                        .sequence_number = IntMember(json, "sequence-number").value_or(0),
                        .timestamp_ms = IntMember(json, "timestamp-ms").value_or(0),
                        .manifest_list = TextMember(json, "manifest-list").value_or(""),
                        .summary = {}};
  if (const Json* summary = Member(json, "summary")) {
    for (const auto& [key, value] : summary->items()) {
      if (const auto* text = value.get_ptr<const std::string*>()) snapshot.summary[key] = *text;
    }
  }
  return snapshot;
}

std::vector<std::string> SpellPartition(const PartitionSpec& spec, const Json& schemas) {
  std::vector<std::string> items;
  for (const PartitionSpecField& field : spec.fields) {
    std::string source = fmt::format("#{}", field.source_id);
    for (const Json& schema : schemas) {
      const Json* found = FindField(ListMember(schema, "fields"), field.source_id);
      if (found != nullptr) source = TextMember(*found, "name").value_or(source);
    }
    items.push_back(field.transform == "identity" ? source
                                                  : fmt::format("{}({})", field.transform, source));
  }
  return items;
}

LakeTableState Describe(const TableName& name, const std::string& pointer,
                        const TableMetadata& metadata) {
  LakeTableState state{.name = name,
                       .location = metadata.location,
                       .metadata_location = pointer,
                       .table_uuid = metadata.uuid,
                       .last_updated_ms = metadata.last_updated_ms,
                       .columns = {},
                       .partition_by = SpellPartition(*metadata.FindSpec(metadata.default_spec_id),
                                                      metadata.schemas()),
                       .snapshots = {}};
  for (const Json& field : ListMember(metadata.CurrentSchema(), "fields")) {
    state.columns.push_back({.id = static_cast<int32_t>(IntMember(field, "id").value_or(0)),
                             .name = TextMember(field, "name").value_or(""),
                             .type = SpellJson(field.value("type", Json())),
                             .required = field.value("required", Json(false)) == Json(true),
                             .doc = TextMember(field, "doc").value_or("")});
  }
  for (const Json& snapshot : ListMember(metadata.tree, "snapshots")) {
    state.snapshots.push_back(ReadSnapshot(snapshot));
  }
  if (const Json* current = metadata.CurrentSnapshot()) state.current = ReadSnapshot(*current);
  return state;
}

// What is needed to read manifests of one spec.
struct SpecReader {
  PartitionSpec spec;
  std::vector<std::optional<Type>> types;
};

Result<SpecReader> ReaderFor(const TableMetadata& metadata, int32_t spec_id) {
  const PartitionSpec* spec = metadata.FindSpec(spec_id);
  if (spec == nullptr) return Broken(fmt::format("a manifest has the unknown spec {}", spec_id));
  return SpecReader{*spec, PartitionTypes(*spec, metadata.schemas())};
}

LiveFile Describe(const ManifestEntry& entry, const SpecReader& reader) {
  LiveFile file{.path = RemotePath{entry.path},
                .record_count = entry.record_count,
                .size_bytes = entry.size_bytes,
                .sequence_number = entry.sequence_number.value_or(0),
                .snapshot_id = entry.snapshot_id.value_or(0),
                .partition = {}};
  for (size_t i = 0; i < entry.partition.size(); ++i) {
    const PartitionSpecField& field = reader.spec.fields[i];
    const auto& value = entry.partition[i];
    file.partition[field.name] =
        value && reader.types[i]
            ? std::optional(SpellValue(*reader.types[i], field.transform, *value))
            : std::nullopt;
  }
  return file;
}

}  // namespace

Result<std::vector<TableName>> ListLakeTables(SqlSession& session, const std::string& catalog) {
  return ListTables(session, catalog);
}

Result<LakeTableState> LoadLakeTable(SqlSession& session, const std::string& catalog,
                                     const TableName& name, ObjectStore& store) {
  SLUICE_ASSIGN(const auto pointer, FindPointer(session, catalog, name));
  if (!pointer) {
    return Fail(ErrorKind::kFatal,
                fmt::format("there is no lake table {} in the catalog {}", name.Full(), catalog),
                "sluice tables ls", std::string(kNotFound));
  }
  SLUICE_ASSIGN(const TableMetadata metadata, LoadMetadata(store, *pointer, Now() + kStoreCall));
  return Describe(name, *pointer, metadata);
}

Result<std::vector<LiveFile>> ListLiveFiles(const LakeSnapshot& snapshot,
                                            const LakeTableState& table, ObjectStore& store) {
  SLUICE_ASSIGN(const TableMetadata metadata,
                LoadMetadata(store, table.metadata_location, Now() + kStoreCall));
  SLUICE_ASSIGN(const auto manifests,
                LoadManifests(store, snapshot.manifest_list, Now() + kStoreCall));
  std::vector<LiveFile> files;
  for (const ManifestFile& manifest : manifests) {
    if (!HasLiveFiles(manifest)) continue;
    if (manifest.content != 0) {
      return Fail(ErrorKind::kFatal,
                  fmt::format("the table {} has delete files, which sluice does not read",
                              table.name.Full()),
                  "rewrite its data files with the engine that deleted rows");
    }
    SLUICE_ASSIGN(const SpecReader reader, ReaderFor(metadata, manifest.spec_id));
    SLUICE_ASSIGN(const std::string bytes,
                  store.Get(RemotePath{manifest.path}, kMaxManifestBytes, Now() + kStoreCall));
    SLUICE_ASSIGN(const auto entries, ReadManifest(bytes, manifest, reader.spec, reader.types));
    for (const ManifestEntry& entry : entries) {
      if (entry.status != EntryStatus::kDeleted) files.push_back(Describe(entry, reader));
    }
  }
  return files;
}

Result<std::vector<std::string>> CheckLiveFiles(const std::vector<LiveFile>& files,
                                                ObjectStore& store) {
  std::vector<std::string> found(files.size());  // what is wrong with each
  SLUICE_TRY(InParallel(files.size(), kConnections, [&](size_t i) -> Status {
    const LiveFile& file = files[i];
    const auto size = store.Head(file.path, Now() + kStoreCall);
    if (!size && size.error().code == kNotFound) {
      found[i] = fmt::format("`{}` is missing", file.path.value);
    } else if (!size) {
      return Fail(size.error());
    } else if (*size != file.size_bytes) {
      found[i] = fmt::format("`{}` has {} bytes, but {} in its manifest", file.path.value, *size,
                             file.size_bytes);
    }
    return {};
  }));
  std::vector<std::string> problems;
  std::set<std::string> seen;
  for (size_t i = 0; i < files.size(); ++i) {
    if (!seen.insert(files[i].path.value).second) {
      problems.push_back(
          fmt::format("`{}` is listed twice: its rows count double", files[i].path.value));
    }
    if (!found[i].empty()) problems.push_back(std::move(found[i]));
  }
  return problems;
}

}  // namespace sluice
