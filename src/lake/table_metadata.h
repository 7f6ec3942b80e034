#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lake/json.h"
#include "lake/schema_json.h"
#include "lake/table_schema.h"

namespace sluice {

/// A metadata.json: the tree as another engine may have written it, and what we need of it,
/// checked. Only WithLayout, WithSnapshot and WithoutSnapshots make new
/// trees; what they do not know they keep.
struct TableMetadata {
  Json tree;
  std::string uuid;
  std::string location;
  int64_t last_sequence_number = 0;
  int64_t last_updated_ms = 0;
  int32_t last_column_id = 0;
  int32_t last_partition_id = 0;
  int32_t default_spec_id = 0;
  std::vector<PartitionSpec> specs;
  std::optional<int64_t> current_snapshot_id;

  const Json& schemas() const { return tree.at("schemas"); }
  const Json& CurrentSchema() const;
  /// Null when there is none with this id.
  const PartitionSpec* FindSpec(int64_t spec_id) const;
  const Json* FindSnapshot(int64_t snapshot_id) const;
  /// Null while nothing was appended.
  const Json* CurrentSnapshot() const;
};

/// Checks a tree and takes what we need out of it. Broken when it lacks anything that Iceberg v2
/// requires or contradicts itself; kInvalidConfig for another format version. `path` names it in
/// errors.
Result<TableMetadata> CheckMetadata(Json tree, std::string_view path);

/// CheckMetadata of a file, plain or gzip.
Result<TableMetadata> ParseMetadata(std::string_view bytes, std::string_view path);

/// A table's columns and split, new or changed.
struct TableLayout {
  SchemaMatch schema;
  PartitionSpec spec;
};

/// Returns the first metadata of a table, without snapshots.
Json NewTableMetadata(const std::string& location, const TableLayout& layout, int64_t now_ms);

/// Returns the metadata after columns were added or the partition spec changed. `path` is where
/// `base` was read from. Times never go back, whatever `now_ms` says.
Json WithLayout(const TableMetadata& base, const std::string& path, const TableLayout& layout,
                int64_t now_ms);

struct SnapshotDraft {
  int64_t snapshot_id = 0;
  std::string manifest_list;
  std::map<std::string, std::string> summary;
};

/// Returns the metadata with one more snapshot, as current and head of `main`, with the sequence
/// number last_sequence_number + 1.
Json WithSnapshot(const TableMetadata& base, const std::string& path, const SnapshotDraft& draft,
                  int64_t now_ms);

/// Returns the metadata without some snapshots, of which none is the current one or named by a
/// branch or tag. The snapshot-log keeps what is behind the last of them.
Json WithoutSnapshots(const TableMetadata& base, const std::string& path,
                      const std::set<int64_t>& dropped, int64_t now_ms);

}  // namespace sluice
