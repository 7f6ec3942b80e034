#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/types.h"
#include "lake/manifest_merge.h"
#include "lake/put_time.h"
#include "lake/table_layout.h"

namespace sluice {

/// What one commit adds to one table: all of it is in the store already (S2).
struct TableAppend {
  std::shared_ptr<const PreparedTable> prepared;
  int64_t snapshot_id = 0;
  ManifestFile manifest;  ///< without sequence_number
  int64_t files = 0;
  int64_t records = 0;
  int64_t bytes = 0;
  int64_t partitions = 0;
  std::optional<ManifestMerge> merge;
  PutTime first_put{};  ///< of its files
};

/// A table's files, or what a commit adds to or takes from them.
struct FileTotals {
  int64_t files = 0;
  int64_t records = 0;
  int64_t bytes = 0;
  bool operator==(const FileTotals&) const = default;
};

/// What any commit makes of one table: all but the list and the metadata is in the store already.
struct SnapshotChange {
  int64_t snapshot_id = 0;
  std::string operation;                ///< append, replace, overwrite
  std::vector<ManifestFile> manifests;  ///< all of the next list, sequence numbers filled in
  FileTotals added, removed;
  int64_t partitions = 0;  ///< that have other files now
};

/// A snapshot ready to be put: two objects, and the state after it.
struct NextSnapshot {
  RemotePath list_path;
  std::string list;
  RemotePath metadata_path;
  std::string metadata;
  std::shared_ptr<const LoadedTable> table;
};

/// Returns a random number for a snapshot.
int64_t NewSnapshotId();

/// Builds the snapshot that follows `base`, which was read from `pointer` (S6). `audit` goes into
/// its summary, for people: other engines drop it, nothing reads it back. What comes out was
/// checked like a file that is read: other engines hang on broken metadata. FailsWith kFatal when
/// the append no longer fits.
Result<NextSnapshot> BuildSnapshot(const LoadedTable& base, const std::string& pointer,
                                   const TableAppend& append,
                                   const std::map<std::string, std::string>& audit, int64_t now_ms);

/// The same for a change whose files are known to fit.
Result<NextSnapshot> BuildSnapshot(const LoadedTable& base, const std::string& pointer,
                                   SnapshotChange change,
                                   const std::map<std::string, std::string>& audit, int64_t now_ms);

}  // namespace sluice
