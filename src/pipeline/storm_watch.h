#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/error.h"
#include "core/types.h"
#include "stage/record.h"
#include "stage/row_batch.h"

namespace sluice {

/// A partition whose last records are mostly bad.
struct Storm {
  PartitionId partition;
  Offset cut;                              ///< the first bad record of it; what lies below is calm
  int64_t bad = 0;                         ///< among the last StormLimit::of_last
  std::map<std::string, int64_t> reasons;  ///< of those in the batch at hand
};

inline constexpr std::string_view kQuarantineStorm = "quarantine_storm";

/// Returns why the partition is stopped; its code is kQuarantineStorm.
Error StormError(const Storm& storm, const StormLimit& limit);

/// Counts bad records among the last ones of each partition, so that a wrong schema or a broken
/// producer stops a partition instead of emptying it into the quarantine. Records that were not
/// seen yet count as good: a handful of bad ones at the start is no storm. Used by one thread.
class StormWatch {
 public:
  explicit StormWatch(StormLimit limit) : limit_(limit) {}

  /// Returns the partitions in which the batch would make a storm; forgets what it saw.
  std::vector<Storm> Look(const RawBatch& raw, const RowBatch& rows) const;
  /// Remembers a batch that was committed.
  void Pass(const RawBatch& raw, const RowBatch& rows);

  const StormLimit& limit() const { return limit_; }

 private:
  // Records counted since the start, and the numbers of the bad ones among the last of them.
  struct Window {
    int64_t seen = 0;
    std::deque<int64_t> bad;
  };

  StormLimit limit_;
  std::map<PartitionId, Window> windows_;
};

}  // namespace sluice
