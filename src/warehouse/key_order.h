#pragma once

#include <string_view>
#include <vector>

#include "warehouse/copy_data.h"
#include "warehouse/target.h"

namespace sluice {

/// Sorts an upsert's encoded rows by key and keeps of each key the one with the greatest lineage,
/// as MergeSql does; NULL is a value. Keys are the same here when their bytes are: of those that
/// are the same for PostgreSQL only (0 and -0) it keeps all. One order for all workers: two with
/// the same keys wait for each other instead of dying of a deadlock.
EncodedRows OrderByKey(const Target& target, const std::vector<std::string_view>& rows);

}  // namespace sluice
