#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/spec.h"
#include "stage/duck.h"
#include "stage/transform.h"

namespace sluice {

/// Why a silver table's SQL or one of its expectations cannot run.
struct SqlProblem {
  std::string code;                   ///< E0301 sql_not_row_wise, E0302 sql_error,
                                      ///< E0303 type_not_storable, E0304 expectation_error,
                                      ///< E0305 volatile_function
  size_t table = 0;                   ///< index of the silver table
  std::optional<size_t> expectation;  ///< index of the expectation; absent: the table's `sql`
  size_t offset = 0;                  ///< byte in that text, below or at its size
  std::string message;
  std::string hint;
};

/// Compiles the silver tables' SQL and expectations against the bronze table on a connection of its
/// own. Returns every problem of every table at once, in order of table, `sql` before expectations,
/// and place.
///
/// The SQL sees the declared bronze columns plus `_rest`, `_headers`, `_key`, `_timestamp`, `_log`,
/// `_partition` and `_offset`; `*` stands for the declared columns only. Output columns may not be
/// named like the lineage columns. A check is judged over the silver columns and the row passes
/// only when it is TRUE: NULL fails, as a check says what a row must satisfy.
///
/// A rejected record is in no `left_out`. Of several reasons to reject one the first is told, in
/// order of tables: `sql_failed`, expectations, `timestamp_out_of_range` (an infinite time, or one
/// outside of the years 1 to 9999), `timestamp_outside_window`; `fail` outdoes `quarantine`, that
/// outdoes `drop`.
///
/// Use by one thread; `engine` must outlive the transform and all chunks it returned. Those are
/// flat in all their parts.
std::expected<std::unique_ptr<Transform>, std::vector<SqlProblem>> MakeDuckTransform(
    DuckEngine& engine, const BronzeSpec& bronze, const std::vector<SilverSpec>& silver);

/// Returns the canonical text of all that decides what a record becomes: decode options, declared
/// columns, SQL, expectations, time windows. Equal texts mean equal tables.
std::string TransformText(const BronzeSpec& bronze, const std::vector<SilverSpec>& silver);

/// Returns the SHA-256 of TransformText as hex, the ledger's transform_hash.
std::string TransformHash(const BronzeSpec& bronze, const std::vector<SilverSpec>& silver);

}  // namespace sluice
