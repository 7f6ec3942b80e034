#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "stage/record.h"
#include "stage/row_batch.h"

namespace sluice {

struct ExpectationCount {
  size_t table;  ///< index of the silver table
  std::string name;
  int64_t failed = 0;
};

struct Transformed {
  std::vector<Chunks> silver;   ///< one for each silver table, SilverSchema's layout
  std::vector<Reject> rejects;  ///< each record at most once, sorted by id
  std::vector<std::vector<RecordId>>
      left_out;  ///< per table: rows that WHERE or `drop` took away, sorted
  std::vector<ExpectationCount> expectations;  ///< all that failed at least once, any `else`
};

/// Silver SQL and expectations over the bronze rows of one batch.
class Transform {
 public:
  virtual ~Transform() = default;
  /// A rejected record may still have rows in `silver`, of any table, and has one in `bronze`:
  /// the caller removes them (MoveToQuarantine). FailsWith kFatal when an expectation with
  /// `else: fail` failed (code `expectation_failed`) or DuckDB itself gave out.
  /// Strings of the silver rows lie in `arena`: those that are a record's own bytes there already.
  virtual Result<Transformed> Run(std::span<const Chunk> bronze, Arena& arena) = 0;
  /// Returns the selected columns of a silver table, lineage not among them.
  virtual const std::vector<Field>& Columns(size_t table) const = 0;
};

}  // namespace sluice
