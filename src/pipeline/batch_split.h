#pragma once

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "stage/record.h"

namespace sluice {

/// Cuts a batch at one offset per partition: first what lies below it, then the rest. A partition
/// without a cut goes to the second part. Both share the arena.
std::pair<RawBatch, RawBatch> SplitBatch(RawBatch batch, const std::map<PartitionId, Offset>& cuts);

/// Takes the records of the given partition at `offsets` (sorted) out of the batch; its ranges
/// stay. Returns how many were there.
int64_t RemoveRecords(RawBatch& batch, PartitionId partition, std::span<const Offset> offsets);

}  // namespace sluice
