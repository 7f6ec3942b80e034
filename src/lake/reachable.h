#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lake/object_store.h"
#include "lake/table_metadata.h"

namespace sluice {

/// Calls visit(address) with everything that the table's snapshots refer to: lists, manifests, live
/// data files and statistics; an address may come several times, and from several threads, one at a
/// time. A DELETED entry does not keep a file.
Status VisitReachable(ObjectStore& store, const TableMetadata& metadata,
                      const std::function<void(const std::string&)>& visit);

/// Returns the ids of all the metadata's snapshots.
std::vector<int64_t> SnapshotIds(const TableMetadata& metadata);

/// Returns what only the dropped snapshots of `before` refer to, below the table's location: files
/// first, their manifests and lists behind them. `after` is the metadata without them.
Result<std::vector<std::string>> FindUnreferenced(ObjectStore& store, const TableMetadata& before,
                                                  const TableMetadata& after,
                                                  const std::vector<int64_t>& dropped);

}  // namespace sluice
