#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stage/chunk.h"
#include "stage/row_batch.h"
#include "stage/schema.h"
#include "stage/time_window.h"

namespace sluice {

/// Judges the times that part one table. A record without a time of its own is not judged, nor is
/// a NULL; a date is outside when all of its day is.
class TimeJudge {
 public:
  /// `columns`: the times among `layout`, the table's columns without lineage; what is no time or
  /// not there is left out.
  TimeJudge(std::string table, const TimeWindow& window, const std::vector<std::string>& columns,
            const std::vector<Field>& layout);

  /// Appends a reject (`timestamp_outside_window`) for each row in [begin, end) with a time
  /// outside; the first such column is told. `chunk`: flat, `layout` and lineage.
  void Judge(const Chunk& chunk, size_t begin, size_t end, std::vector<Reject>& out) const;

 private:
  __extension__ using Wide = __int128;  // DuckDB's infinities are at the edges of 64 bits
  struct Column {
    size_t index;
    std::string name;
    bool is_date;
  };
  std::optional<Reject> JudgeRow(const Chunk& chunk, const LineageView& lineage, size_t row) const;
  std::optional<std::string> Fault(Wide first, Wide last, int64_t own) const;

  std::string table_;
  TimeWindow window_;
  std::vector<Column> columns_;  ///< none when no distance is too far
};

}  // namespace sluice
