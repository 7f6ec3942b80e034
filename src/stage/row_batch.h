#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/types.h"
#include "stage/chunk.h"
#include "stage/record.h"

namespace sluice {

/// Which record. Sorts by partition, then offset.
struct RecordId {
  PartitionId partition;
  Offset offset;
  auto operator<=>(const RecordId&) const = default;
};

/// A record that cannot become a row: its reason is a stable name of bad-input.md
/// (`json_syntax`, `number_out_of_range`, `sql_failed`, `expectation:NAME`, …).
struct Reject {
  RecordId id;
  std::string reason;
  std::string field{};   ///< the column or expectation; may be empty
  std::string detail{};  ///< for a person: position, value, DuckDB's message; cut at 1 KiB
};

/// A rejected record with all that the quarantine keeps. Views point into the arena.
struct QuarantineRow {
  Reject reject;
  Record record;
};

/// What became of the records of one range. ok + quarantined + skipped == delivered, always.
struct RangeCounts {
  OffsetRange range;
  int64_t delivered = 0;
  int64_t ok = 0;  ///< one bronze row each
  int64_t quarantined = 0;
  int64_t skipped = 0;  ///< tombstones
};

/// Rows of one batch, ready for the sinks: bronze in BronzeSchema's layout, silver in
/// SilverSchema's, a vector for each silver table of the Spec, in its order. A record that is
/// quarantined is in none of them. A silver table may lack rows that its SQL's WHERE or a `drop`
/// expectation left out: `left_out` names their records by table, sorted.
struct RowBatch {
  LogId log;
  std::vector<RangeCounts> ranges;
  Chunks bronze;
  std::vector<Chunks> silver;
  std::vector<std::vector<RecordId>> left_out;
  std::vector<QuarantineRow> quarantine;
  std::shared_ptr<Arena> arena;  ///< strings of the chunks and the quarantine point into it
};

/// Moves the given records (sorted, each with a row in `bronze`) from the tables to the quarantine.
void MoveToQuarantine(RowBatch& batch, std::vector<QuarantineRow> rows);

}  // namespace sluice
