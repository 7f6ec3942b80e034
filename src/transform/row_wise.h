#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "transform/function_book.h"
#include "transform/sql_scratch.h"
#include "transform/sql_tokens.h"

namespace sluice {

/// Finds what keeps a syntax tree from being a function of one record: whatever combines, orders,
/// multiplies or looks up rows (E0301), and whatever depends on clock, chance or session (E0305).
class RowWiseCheck {
 public:
  /// `tokens`: of the text behind the trees. `columns`: the lower-case names a bare word may mean
  /// before it means a function.
  RowWiseCheck(const SqlScratch& scratch, const FunctionBook& book, const SqlTokens& tokens,
               std::set<std::string> columns)
      : scratch_(scratch), book_(book), tokens_(tokens), columns_(std::move(columns)) {}

  /// Judges a whole SELECT, whose text begins with that word, over exactly the table `from`.
  std::vector<SqlFinding> Select(const nlohmann::json& node, const TableName& from);
  /// Judges one expression; `near` is the place to tell where the tree has none.
  std::vector<SqlFinding> Expression(const nlohmann::json& expression, size_t near);

 private:
  void Clauses(const nlohmann::json& node);
  void From(const nlohmann::json& from, const TableName& wanted);
  void Items(const nlohmann::json& items);
  void Star(const nlohmann::json& star, size_t at);
  void Walk(const nlohmann::json& node, size_t near);
  /// Returns whether the node's children are worth a look.
  bool Judge(const nlohmann::json& node, size_t at);
  bool JudgeFunction(const nlohmann::json& node, size_t at);
  bool JudgeMacro(const std::string& name, size_t at);
  /// Returns the place of the first parameter: the tree keeps none.
  size_t ParameterPlace(size_t near) const;
  void NotRowWise(size_t at, std::string what, std::string hint);
  void Volatile(size_t at, const std::string& name);

  const SqlScratch& scratch_;
  const FunctionBook& book_;
  const SqlTokens& tokens_;
  std::set<std::string> columns_;
  std::vector<SqlFinding> findings_;
};

/// Returns the node's place, or `near` where DuckDB keeps none.
size_t PlaceOfNode(const nlohmann::json& node, size_t near);

}  // namespace sluice
