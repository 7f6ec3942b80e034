#pragma once

#include <string>
#include <vector>

#include "lake/reader.h"
#include "lake/table_schema.h"

namespace sluice {

/// Returns a DuckDB relation, in parentheses, with the rows of data files of this machine under the
/// table's current columns; a column that a file lacks is null in its rows.
std::string ScanSql(const LakeTableState& table, const std::vector<std::string>& local_files);

/// Returns a SELECT of one Parquet file's rows as the schema has them, its columns found by field
/// id: one that the file lacks is null, another type is cast.
std::string ScanByIdSql(const IcebergSchema& schema, const std::string& local_file);

}  // namespace sluice
