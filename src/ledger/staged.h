#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/types.h"
#include "stage/row_batch.h"
#include "stage/sink.h"

namespace sluice {

/// One partition's part of a commit: what became of [start, end), and the epoch of the claim that
/// allows it.
struct StagedRange {
  RangeCounts counts;
  Epoch epoch;
  std::map<std::string, int64_t>
      left_out{};  ///< by silver table: rows its WHERE or `drop` took away
};

/// All that a commit needs besides the sink's own part. Plain data: it does not matter who made it.
struct Staged {
  CommitId commit;
  Sink sink = Sink::kWarehouse;
  LogId log;
  std::vector<StagedRange> ranges;               ///< each partition at most once
  std::vector<const QuarantineRow*> quarantine;  ///< rides with this commit; not owned
};

}  // namespace sluice
