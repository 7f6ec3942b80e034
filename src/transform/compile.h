#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "transform/duck_transform.h"

namespace sluice {

/// One silver table, ready to run over a bronze table of its declared name.
struct CompiledTable {
  std::vector<Field> columns;
  /// Gives `columns`, the lineage, and a boolean for each expectation, in bronze order.
  std::string sql;
  /// The same over every record, and last whether WHERE takes it; absent where that is not known to
  /// mean the same. May fail on records that WHERE leaves out.
  std::optional<std::string> whole_sql{};
};

/// Checks all tables and expectations. Needs no data and leaves nothing behind.
std::expected<std::vector<CompiledTable>, std::vector<SqlProblem>> CompileSilver(
    const BronzeSpec& bronze, const std::vector<SilverSpec>& silver);

}  // namespace sluice
