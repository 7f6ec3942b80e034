#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "stage/sql.h"

namespace sluice {

/// A column as PostgreSQL has it.
struct LiveColumn {
  std::string name;
  std::string type;     ///< as format_type spells it: `numeric(12,2)`
  std::string comment;  ///< COMMENT ON COLUMN
};

/// Returns the columns of a table or view, in its order; none when there is no such relation.
Result<std::vector<LiveColumn>> ReadLiveColumns(SqlSession& session, const std::string& schema,
                                                const std::string& name);

/// Returns the type as Superset spells it after it looked at the table: `NUMERIC(12, 2)`.
std::string SupersetType(const std::string& type);

}  // namespace sluice
