#include "pipeline/lake_pending.h"

#include <algorithm>

namespace sluice {
namespace {

void AddCounts(RangeCounts& sum, const RangeCounts& more) {
  sum.range.end = more.range.end;
  sum.delivered += more.delivered;
  sum.ok += more.ok;
  sum.quarantined += more.quarantined;
  sum.skipped += more.skipped;
}

}  // namespace

std::map<std::string, int64_t> LeftOutOf(const RowBatch& rows, PartitionId partition,
                                         const std::vector<std::string>& silver_tables) {
  std::map<std::string, int64_t> counts;
  for (size_t table = 0; table < rows.left_out.size(); ++table) {
    const auto& ids = rows.left_out[table];
    const auto count = std::count_if(ids.begin(), ids.end(),
                                     [&](RecordId id) { return id.partition == partition; });
    if (count > 0) counts[silver_tables[table]] = count;
  }
  return counts;
}

void LakePending::Add(const RowBatch& rows, const std::vector<Epoch>& epochs,
                      const std::vector<std::string>& silver_tables, bool keep_rejects) {
  if (ranges_.empty()) since_ = Now();
  record_bytes_ += static_cast<int64_t>(rows.arena->bytes());
  for (size_t i = 0; i < rows.ranges.size(); ++i) {
    const RangeCounts& counts = rows.ranges[i];
    const PartitionId partition = counts.range.partition;
    const auto [entry, is_new] =
        ranges_.try_emplace(partition, StagedRange{.counts = counts, .epoch = epochs[i]});
    if (!is_new) AddCounts(entry->second.counts, counts);
    for (const auto& [table, count] : LeftOutOf(rows, partition, silver_tables)) {
      entry->second.left_out[table] += count;
    }
  }
  if (!keep_rejects) return;
  for (const auto& row : rows.quarantine) {
    QuarantineRow& kept = rejects_.emplace_back(row);
    if (row.record.key) kept.record.key = arena_.Copy(*row.record.key);
    if (row.record.value) kept.record.value = arena_.Copy(*row.record.value);
    for (auto& header : kept.record.headers) {
      header.key = arena_.Copy(header.key);
      if (header.value) header.value = arena_.Copy(*header.value);
    }
  }
}

Staged LakePending::Stage(const CommitId& commit, LogId log) const {
  Staged staged{.commit = commit, .sink = Sink::kLake, .log = log, .ranges = {}, .quarantine = {}};
  for (const auto& [partition, range] : ranges_) staged.ranges.push_back(range);
  for (const auto& row : rejects_) staged.quarantine.push_back(&row);
  return staged;
}

void LakePending::Clear() {
  record_bytes_ = 0;
  ranges_.clear();
  rejects_.clear();
  arena_ = Arena();
}

}  // namespace sluice
