#pragma once

#include <string>
#include <vector>

#include "lake/object_store.h"
#include "lake/reader.h"

namespace sluice {

/// Returns a DuckDB relation, in parentheses, with the rows of these data files under the table's
/// current columns; a column that a file lacks is null in its rows. With `with_file` a column
/// `_file` has each row's LiveFile::path. Files of a store other than a folder are copied into
/// `scratch_folder` first, which the caller makes and removes.
Result<std::string> ScanSql(const LakeTableState& table, const std::vector<LiveFile>& files,
                            ObjectStore& store, const std::string& scratch_folder,
                            bool with_file = false);

}  // namespace sluice
