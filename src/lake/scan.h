#pragma once

#include <string>
#include <vector>

#include "lake/reader.h"

namespace sluice {

/// Returns a DuckDB relation, in parentheses, with the rows of data files of this machine under the
/// table's current columns; a column that a file lacks is null in its rows.
std::string ScanSql(const LakeTableState& table, const std::vector<std::string>& local_files);

}  // namespace sluice
