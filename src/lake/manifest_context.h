#pragma once

#include <optional>
#include <vector>

#include "lake/manifest.h"
#include "lake/object_store.h"
#include "lake/table_metadata.h"

namespace sluice {

/// Returns what manifests of one of the table's specs are written with; nothing when there is no
/// such spec or one of its types is beyond us.
std::optional<ManifestContext> ContextOf(const TableMetadata& metadata, int32_t spec_id);

/// Reads a data manifest that the table lists. Fails as ObjectStore::Get and ReadManifest do.
Result<std::vector<ManifestEntry>> LoadEntries(ObjectStore& store, const TableMetadata& metadata,
                                               const ManifestFile& file, SteadyTime deadline);

}  // namespace sluice
