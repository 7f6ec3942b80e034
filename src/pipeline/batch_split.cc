#include "pipeline/batch_split.h"

#include <algorithm>

namespace sluice {
namespace {

Offset CutOf(const std::map<PartitionId, Offset>& cuts, PartitionId partition) {
  const auto found = cuts.find(partition);
  return found == cuts.end() ? Offset{INT64_MIN} : found->second;
}

}  // namespace

std::pair<RawBatch, RawBatch> SplitBatch(RawBatch batch,
                                         const std::map<PartitionId, Offset>& cuts) {
  const bool all_fresh =
      std::all_of(batch.ranges.begin(), batch.ranges.end(),
                  [&](const auto& range) { return range.start >= CutOf(cuts, range.partition); });
  RawBatch below{.log = batch.log, .records = {}, .ranges = {}, .arena = batch.arena};
  if (all_fresh) return {std::move(below), std::move(batch)};
  RawBatch rest{.log = batch.log, .records = {}, .ranges = {}, .arena = batch.arena};
  for (const auto& range : batch.ranges) {
    const Offset cut = std::clamp(CutOf(cuts, range.partition), range.start, range.end);
    if (range.start < cut) below.ranges.push_back({range.partition, range.start, cut});
    if (cut < range.end) rest.ranges.push_back({range.partition, cut, range.end});
  }
  for (auto& record : batch.records) {
    const bool is_below = record.offset < CutOf(cuts, record.partition);
    (is_below ? below : rest).records.push_back(std::move(record));
  }
  return {std::move(below), std::move(rest)};
}

int64_t RemoveRecords(RawBatch& batch, PartitionId partition, std::span<const Offset> offsets) {
  if (offsets.empty()) return 0;
  return static_cast<int64_t>(std::erase_if(batch.records, [&](const Record& record) {
    return record.partition == partition &&
           std::binary_search(offsets.begin(), offsets.end(), record.offset);
  }));
}

}  // namespace sluice
