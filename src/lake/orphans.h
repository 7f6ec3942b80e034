#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "config/spec.h"
#include "lake/object_store.h"
#include "stage/sql.h"

namespace sluice {

/// Objects below a table's `data/` and `metadata/` that nothing refers to.
struct Orphans {
  std::vector<ObjectInfo> objects;
  int64_t bytes() const;
};

struct OrphanOptions {
  /// A worker's files look like orphans until its commit: only their age protects them.
  int64_t older_than_ms = 3 * 86'400'000LL;
  /// Of metadata files that fell off the metadata-log. They can never be named again, so this is
  /// only for readers that have just read the old pointer.
  int64_t superseded_ms = 5 * 60'000LL;
  bool superseded_only = false;  ///< of those alone: lists `metadata/`, reads no manifest
  bool probe = true;  ///< ask the store's clock by an object of our own; false: trust ours
  std::chrono::seconds list_within{600};  ///< then kRetryable
};

/// Finds them. Lists first and reads the table afterwards, so whatever was committed meanwhile is
/// seen. FailsWith kInvalidConfig for a table with delete files.
Result<Orphans> FindOrphans(SqlSession& session, const std::string& catalog, const TableName& name,
                            ObjectStore& store, const OrphanOptions& options);

}  // namespace sluice
