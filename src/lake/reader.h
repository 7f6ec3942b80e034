#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/spec.h"
#include "lake/object_store.h"
#include "stage/sql.h"

namespace sluice {

/// One column as the table's current schema has it; nested types in Iceberg's spelling.
struct LakeColumn {
  int32_t id = 0;
  std::string name;
  std::string type;
  bool required = false;
  std::string doc{};
};

struct LakeSnapshot {
  int64_t snapshot_id = 0;
  std::optional<int64_t> parent_id{};
  int64_t sequence_number = 0;
  int64_t timestamp_ms = 0;
  std::string manifest_list;
  std::map<std::string, std::string> summary;  ///< `operation` among them
};

/// A table as its current metadata file tells.
struct LakeTableState {
  TableName name;
  std::string location;
  std::string metadata_location;  ///< the catalog's text, verbatim
  std::string table_uuid;
  int64_t last_updated_ms = 0;
  std::vector<LakeColumn> columns;
  std::vector<std::string> partition_by;  ///< `day(_timestamp)`, `genre`
  std::vector<LakeSnapshot> snapshots;    ///< oldest first
  std::optional<LakeSnapshot> current{};  ///< absent: nothing was ever appended
};

/// A data file that the current snapshot shows.
struct LiveFile {
  RemotePath path;
  int64_t record_count = 0;
  int64_t size_bytes = 0;
  int64_t sequence_number = 0;
  int64_t snapshot_id = 0;                                      ///< the one that added it
  std::map<std::string, std::optional<std::string>> partition;  ///< for people; absent is null
};

/// Returns the catalog's tables, by name; none while the catalog does not exist.
Result<std::vector<TableName>> ListLakeTables(SqlSession& session, const std::string& catalog);

/// Loads what the catalog points at. FailsWith kFatal and kNotFound when there is no such table,
/// kFatal with `lake_metadata_broken` when its metadata is.
Result<LakeTableState> LoadLakeTable(SqlSession& session, const std::string& catalog,
                                     const TableName& name, ObjectStore& store);

/// Returns the data files of one snapshot of the table, in manifest order.
Result<std::vector<LiveFile>> ListLiveFiles(const LakeSnapshot& snapshot,
                                            const LakeTableState& table, ObjectStore& store);

/// Returns one line for each file that is missing, has another size, or is listed twice; an empty
/// list is good news. Reads no file's content.
Result<std::vector<std::string>> CheckLiveFiles(const std::vector<LiveFile>& files,
                                                ObjectStore& store);

}  // namespace sluice
