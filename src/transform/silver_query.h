#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stage/chunk.h"
#include "stage/duck.h"
#include "transform/bronze_feed.h"
#include "transform/compile.h"
#include "transform/row_catcher.h"

namespace sluice {

/// What a query made of the rows it was offered.
struct QueryOutcome {
  Chunks chunks;                       ///< as RowCatcher gives them
  std::optional<std::string> failure;  ///< DuckDB's message when some row made it fail
};

/// Bronze rows that make a query fail, with the message for each; by row number.
struct BadRow {
  uint32_t row;
  std::string message;
};

/// Returns text for a person as a Reject's detail: control bytes shown, at most 1 KiB.
std::string Detail(std::string_view text);

/// One silver table's prepared query over a feed.
class SilverQuery {
 public:
  /// `table` gives rows of the layout. `name`: of the functions that catch them, unique in the
  /// engine.
  static Result<SilverQuery> Make(duckdb_connection connection, BronzeFeed& feed,
                                  const std::string& name, const CompiledTable& table,
                                  const Schema& layout);

  /// Runs over all `rows` of the batch, setting the bad ones aside: O(bad * log(rows)) runs.
  /// Strings lie in `arena`. FailsWith kFatal when not the rows are at fault but DuckDB (memory, an
  /// internal error).
  Result<QueryOutcome> RunWithout(size_t rows, Arena& arena, std::vector<BadRow>& bad);

 private:
  struct Statement {
    DuckPrepared prepared;
    std::unique_ptr<RowCatcher> catcher;
  };

  SilverQuery(Statement query, std::optional<Statement> whole, BronzeFeed& feed)
      : query_(std::move(query)), whole_(std::move(whole)), feed_(&feed) {}

  static Result<Statement> Prepare(duckdb_connection connection, const std::string& name,
                                   const std::string& sql, const Schema& layout, CaughtRows which);
  static Result<QueryOutcome> Run(const Statement& statement, Arena& arena);
  Result<QueryOutcome> RunAll(size_t rows, Arena& arena);
  Result<bool> Passes(std::span<const uint32_t> rows, std::string& message);
  Status FindBad(std::span<const uint32_t> rows, bool known_bad, std::vector<BadRow>& bad);

  Statement query_;
  /// A filter makes DuckDB copy all that comes behind it: while most records pass, the catcher
  /// drops the others instead.
  std::optional<Statement> whole_;
  bool most_pass_ = true;  // of the last batch
  BronzeFeed* feed_;
};

}  // namespace sluice
