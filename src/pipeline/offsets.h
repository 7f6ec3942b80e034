#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/result.h"
#include "pipeline/services.h"
#include "stage/sink.h"
#include "stage/source.h"

namespace sluice {

/// One partition of the log that the pipeline reads: the ledger's marks and the broker's ends.
struct PartitionOffsets {
  PartitionId partition;
  std::map<Sink, Offset> marks;
  Watermarks broker;

  Offset least() const;  ///< of the marks
  /// Records that went before every sink had them.
  int64_t lost() const { return std::max<int64_t>(0, broker.low.value - least().value); }
};

struct LogOffsets {
  LogId log;
  TopicIdentity topic;
  std::vector<PartitionOffsets> partitions;  ///< sorted; those that the ledger knows
};

/// Asks the ledger and the broker. FailsWith kInvalidConfig when nothing was read of this topic
/// yet, which may be another one under the known name.
Result<LogOffsets> ReadLogOffsets(const Spec& spec, Services& services);

/// One mark that is to move over offsets which then count as read, without a row.
struct Skip {
  PartitionId partition;
  Sink sink;
  Offset from;
  Offset to;
};

/// Where `offsets reset` moves marks to.
enum class SkipTo { kStart, kLatest, kOffset };
struct SkipTarget {
  SkipTo to = SkipTo::kStart;
  Offset offset{};  ///< for kOffset
};

/// Returns the marks that lie before the target, the warehouse's first; of the given partitions, or
/// of all. FailsWith kUsage when a partition is not there, the offset lies beyond its end, or
/// behind its marks: those never go back.
Result<std::vector<Skip>> PlanSkips(const LogOffsets& log, std::span<const PartitionId> partitions,
                                    SkipTarget target);

/// Claims the partitions, which fences whoever reads them, and commits the skips like any range,
/// with no records in it. What was committed before a failure stays.
Status ApplySkips(Services& services, const std::string& pipeline, const LogOffsets& log,
                  std::span<const Skip> skips);

}  // namespace sluice
