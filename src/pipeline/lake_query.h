#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/result.h"
#include "pipeline/services.h"
#include "stage/sql.h"

namespace sluice {

struct LakeRows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  ///< as text; absent is NULL
};

/// Runs one SELECT by DuckDB over the current snapshots of the lake's tables, each under its own
/// name (`raw.books`). FailsWith kUsage and DuckDB's message when it is not a SELECT or does not
/// run.
Result<LakeRows> QueryLake(const Spec& spec, Services& services, SqlSession& session,
                           const std::string& sql);

}  // namespace sluice
