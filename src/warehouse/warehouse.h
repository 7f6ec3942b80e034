#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/result.h"
#include "stage/schema.h"
#include "stage/sink.h"

namespace sluice {

/// One silver table that goes into PostgreSQL.
struct WarehouseTable {
  size_t silver_index = 0;  ///< its place in RowBatch::silver
  WarehouseTableSpec spec;
  std::vector<Field> columns;  ///< as selected, lineage not among them
};

/// Returns the sink for these tables; touches no server. FailsWith kInvalidConfig, code E0408, when
/// PostgreSQL could not hold a table as named: identifiers over 63 bytes, names of system or
/// lineage columns, a key that is not selected, one target for two tables.
Result<std::unique_ptr<WarehouseSink>> MakeWarehouse(std::vector<WarehouseTable> tables);

}  // namespace sluice
