#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "stage/chunk.h"
#include "stage/row_batch.h"
#include "stage/schema.h"

namespace sluice {

/// Finds dates and times that SQL made and that are none elsewhere: DuckDB's infinities, and years
/// outside 1 to 9999, which bronze refuses as well.
class TimeRange {
 public:
  /// `columns`: those of the chunks, lineage not among them.
  explicit TimeRange(const std::vector<Field>& columns);

  /// Appends a reject (`timestamp_out_of_range`) for each row with such a value, however deep in
  /// it; the first such column is told. `chunk`: flat, `columns` and lineage.
  void Judge(const Chunk& chunk, std::vector<Reject>& out) const;

 private:
  struct Column {
    size_t index;
    std::string name;
    Type type;
  };
  std::vector<Column> columns_;  ///< that are times, or hold some
};

}  // namespace sluice
