#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lake/lake.h"
#include "lake/manifest.h"
#include "lake/table_metadata.h"
#include "stage/sink.h"

namespace sluice {

/// Returns the layout of a table that does not exist yet.
Result<TableLayout> NewLayout(const LakeTable& table);

/// Returns the layout that the table needs: its own, or with columns added, or split anew.
/// FailsWith kInvalidConfig, code E0401 and every difference, when it cannot be used.
Result<TableLayout> NextLayout(const LakeTable& table, const TableMetadata& metadata);

/// Tells what NextLayout would change; one line with action `none` when nothing.
std::vector<TableChange> DescribeChanges(const LakeTable& table, const TableMetadata& metadata,
                                         const TableLayout& next);
TableChange DescribeCreation(const LakeTable& table);

/// How this worker writes a table: fixed at Prepare, valid for every file until the next one.
struct PreparedTable {
  LakeTable table;
  std::string table_uuid;
  IcebergSchema schema;     ///< our columns in the chunks' order
  ManifestContext context;  ///< the whole table's schema, and the spec
};

/// Returns how to write a table whose metadata has all that NextLayout asks for.
Result<PreparedTable> PrepareTable(const LakeTable& table, const TableMetadata& metadata);

/// Returns whether files written as prepared still belong into the table: it is the same table, it
/// has our columns with their ids and types, and the spec. kFatal with E0401 when another engine
/// changed one of them.
Status CheckStillFits(const PreparedTable& prepared, const TableMetadata& metadata);

}  // namespace sluice
