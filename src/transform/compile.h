#pragma once

#include <expected>
#include <string>
#include <vector>

#include "transform/duck_transform.h"

namespace sluice {

/// One silver table, ready to run over a bronze table of its declared name.
struct CompiledTable {
  std::vector<Field> columns;
  /// Gives `columns`, the lineage, and a boolean for each expectation, in bronze order.
  std::string sql;
};

/// Checks all tables and expectations. Needs no data and leaves nothing behind.
std::expected<std::vector<CompiledTable>, std::vector<SqlProblem>> CompileSilver(
    const BronzeSpec& bronze, const std::vector<SilverSpec>& silver);

}  // namespace sluice
