#include "pipeline/storm_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace sluice {
namespace {

// A bad record of the batch: its number among the partition's records there.
struct Bad {
  int64_t number = 0;
  Offset offset;
  std::string reason;
};

// Where the walk over a partition's records is.
struct Cursor {
  PartitionId partition;
  std::vector<Bad>* bad;
  size_t next = 0;     // of the bad ones
  int64_t number = 0;  // of the record
};

// The bad records of each partition that has any, in offset order.
std::map<PartitionId, std::vector<Bad>> BadOf(const RawBatch& raw, const RowBatch& rows) {
  std::map<PartitionId, std::vector<Bad>> bad;
  for (const auto& row : rows.quarantine) {
    bad[row.reject.id.partition].push_back({0, row.reject.id.offset, row.reject.reason});
  }
  std::vector<Cursor> cursors;
  for (auto& [partition, list] : bad) {
    std::ranges::sort(list, {}, &Bad::offset);
    cursors.push_back({partition, &list});
  }
  if (cursors.empty()) return bad;
  for (const Record& record : raw.records) {
    const auto at = std::ranges::find(cursors, record.partition, &Cursor::partition);
    if (at == cursors.end()) continue;
    if (at->next < at->bad->size() && (*at->bad)[at->next].offset == record.offset) {
      (*at->bad)[at->next++].number = at->number;
    }
    ++at->number;
  }
  return bad;
}

Offset StartOf(const RawBatch& raw, PartitionId partition) {
  const auto found = std::ranges::find(raw.ranges, partition, &OffsetRange::partition);
  return found->start;
}

}  // namespace

Error StormError(const Storm& storm, const StormLimit& limit) {
  std::vector<std::string> reasons;
  for (const auto& [reason, records] : storm.reasons) {
    reasons.push_back(fmt::format("{} {}", WithThousands(records), reason));
  }
  return {ErrorKind::kFatal,
          fmt::format("too many bad records, stopped before they are committed: partition {} at "
                      "offset {}: {} of the last {} ({})",
                      storm.partition.value, storm.cut.value, WithThousands(storm.bad),
                      WithThousands(limit.of_last), Join(reasons, ", ")),
          "mend what makes them bad and run again; or take them into the quarantine with `sluice "
          "run --accept-storm`; sluice explain quarantine_storm",
          std::string(kQuarantineStorm)};
}

std::vector<Storm> StormWatch::Look(const RawBatch& raw, const RowBatch& rows) const {
  std::vector<Storm> storms;
  const int64_t most = limit_.of_last * limit_.share_percent / 100;
  for (const auto& [partition, bad] : BadOf(raw, rows)) {
    const auto known = windows_.find(partition);
    Window window = known == windows_.end() ? Window{} : known->second;
    for (size_t i = 0; i < bad.size(); ++i) {
      const int64_t number = window.seen + bad[i].number;
      window.bad.push_back(number);
      while (window.bad.front() <= number - limit_.of_last) window.bad.pop_front();
      if (static_cast<int64_t>(window.bad.size()) <= most) continue;
      const size_t first = i + 1 - std::min(i + 1, window.bad.size());
      const bool all_here = window.bad.size() <= i + 1;
      Storm storm{.partition = partition,
                  .cut = all_here ? bad[first].offset : StartOf(raw, partition),
                  .bad = static_cast<int64_t>(window.bad.size()),
                  .reasons = {}};
      for (size_t j = first; j <= i; ++j) ++storm.reasons[bad[j].reason];
      storms.push_back(std::move(storm));
      break;
    }
  }
  return storms;
}

void StormWatch::Pass(const RawBatch& raw, const RowBatch& rows) {
  const auto bad = BadOf(raw, rows);
  for (const RangeCounts& counts : rows.ranges) {
    Window& window = windows_[counts.range.partition];
    if (const auto found = bad.find(counts.range.partition); found != bad.end()) {
      for (const Bad& one : found->second) window.bad.push_back(window.seen + one.number);
    }
    window.seen += counts.delivered;
    while (!window.bad.empty() && window.bad.front() < window.seen - limit_.of_last) {
      window.bad.pop_front();
    }
  }
}

}  // namespace sluice
