#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"
#include "lake/data_file.h"
#include "lake/table_schema.h"

namespace sluice {

/// Returns the text with every byte outside `A-Za-z0-9-._~` as `%XX`.
std::string PercentEncode(std::string_view text);

/// Addresses below a table's location. Each has a new UUID in it, so none is ever reused.
/// Partition folders are for people; what they would say is cut and hashed when it is long.
RemotePath NewDataFile(std::string_view location, const PartitionSpec& spec,
                       const std::vector<PartitionValue>& partition);
RemotePath NewManifest(std::string_view location);
RemotePath NewManifestList(std::string_view location, int64_t snapshot_id);
/// The metadata file after `previous` (empty: the first).
RemotePath NewMetadata(std::string_view location, std::string_view previous);

}  // namespace sluice
