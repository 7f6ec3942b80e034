#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec.h"
#include "stage/schema.h"
#include "transform/sql_tokens.h"

namespace sluice {

/// Returns a silver table's SELECT with the lineage columns in front of its own, `*` narrowed to
/// the declared bronze columns, and nothing behind its last token. `node` is its checked tree.
std::string ComposeSelect(std::string_view sql, const SqlTokens& tokens, const nlohmann::json& node,
                          const TableName& bronze);

/// Returns the query over a composed SELECT that gives `columns`, the lineage and the checks.
std::string ComposeRun(const std::string& select, const std::string& name,
                       const std::vector<Field>& columns, const std::vector<Expectation>& checks);

/// Returns the index one past the statement's last token, trailing semicolons left out.
size_t StatementEnd(const SqlTokens& tokens);

}  // namespace sluice
