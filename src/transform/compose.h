#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec.h"
#include "stage/schema.h"
#include "transform/sql_tokens.h"

namespace sluice {

/// A change to a SQL text: `text` in place of `removed` bytes at `offset`.
struct SqlEdit {
  size_t offset;
  size_t removed;
  std::string text;
};

/// Returns the edits that put the lineage columns in front of a silver table's own and narrow `*`
/// to the declared bronze columns. `node` is its checked tree.
std::vector<SqlEdit> LineageEdits(const SqlTokens& tokens, const nlohmann::json& node,
                                  const TableName& bronze);

/// Returns the edits that replace trim(column) by the function of fast_trim.h.
std::vector<SqlEdit> TrimEdits(const SqlTokens& tokens, const nlohmann::json& node);

/// Returns the text with the edits, and nothing behind its last token.
std::string Apply(std::string_view sql, const SqlTokens& tokens, std::vector<SqlEdit> edits);

/// The column in which WithWhereAsColumn gives the condition.
inline constexpr std::string_view kWhereColumn = "_sluice_where";

/// Returns the text as Apply does, but with the condition of WHERE as its last column instead.
/// Returns nullopt for a text without WHERE, or one that does not show where its parts begin.
std::optional<std::string> WithWhereAsColumn(std::string_view sql, const SqlTokens& tokens,
                                             const nlohmann::json& node,
                                             std::vector<SqlEdit> edits);

/// Returns the query over a composed SELECT that gives `columns`, the lineage and the checks.
std::string ComposeRun(const std::string& select, const std::string& name,
                       const std::vector<Field>& columns, const std::vector<Expectation>& checks);

}  // namespace sluice
