#pragma once

#include <memory>
#include <string>

#include "stage/chunk.h"
#include "stage/duck.h"
#include "stage/record.h"

namespace sluice {

/// Which rows are caught.
enum class CaughtRows {
  kAll,
  kWhereTrue,  ///< those whose last column, a boolean behind the layout's, is true
};

/// Takes a query's rows by a function that DuckDB calls with each chunk of them. A result would
/// have copied every string, though most of silver's are a record's own bytes.
class RowCatcher {
 public:
  /// Makes the function `name` of the layout's columns known to the whole database, until that
  /// ends. It is true for every row.
  static Result<std::unique_ptr<RowCatcher>> Make(duckdb_connection connection,
                                                  const std::string& name, const Schema& layout,
                                                  CaughtRows which = CaughtRows::kAll);

  /// Drops what was caught. What comes next is flat, in the layout; its strings lie in `arena`, or
  /// in their chunk when they are parts of structs and lists. Those that point there already stay.
  void Begin(Arena& arena);
  /// Returns the chunks since Begin, in the query's order.
  Chunks Take() { return std::exchange(state_->caught, {}); }

  struct State {
    Schema layout;
    CaughtRows which = CaughtRows::kAll;
    Arena* arena = nullptr;
    Chunks caught{};
  };

 private:
  explicit RowCatcher(std::shared_ptr<State> state) : state_(std::move(state)) {}
  /// Shared with DuckDB's catalog, which may outlive the catcher and never calls it then.
  std::shared_ptr<State> state_;
};

/// Returns the query that gives each row of `sql`, which has so many columns, to the function.
std::string CatchSql(const std::string& name, const std::string& sql, size_t columns);

}  // namespace sluice
