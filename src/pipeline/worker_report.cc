#include "pipeline/worker_report.h"

namespace sluice {

void ReportAccepted(StatusBoard& board, const std::string& worker, const RowBatch& rows) {
  std::map<std::string, int64_t> reasons;
  for (const auto& row : rows.quarantine) ++reasons[row.reject.reason];
  board.Update(worker, [&](WorkerStatus& status) {
    for (const auto& [reason, records] : reasons) status.quarantine_reasons[reason] += records;
    for (const auto& counts : rows.ranges) {
      status.records += counts.delivered;
      status.ok += counts.ok;
      status.quarantined += counts.quarantined;
      status.skipped += counts.skipped;
    }
  });
}

void ReportCommit(StatusBoard& board, const std::string& worker, Sink sink) {
  board.Update(worker, [&](WorkerStatus& status) {
    const bool lake = sink == Sink::kLake;
    ++(lake ? status.lake_commits : status.warehouse_commits);
    (lake ? status.lake_committed_ms : status.warehouse_committed_ms) = WallClockMs();
  });
}

void ReportPartitions(StatusBoard& board, const std::string& worker,
                      const std::map<PartitionId, Claim>& claims,
                      const std::map<PartitionId, Offset>& read,
                      const std::map<PartitionId, Error>& stopped) {
  board.Update(worker, [&](WorkerStatus& status) {
    status.partitions.clear();
    for (const auto& [partition, claim] : claims) {
      const Offset lake = claim.positions.at(Sink::kLake).next;
      const auto warehouse = claim.positions.find(Sink::kWarehouse);
      const auto why = stopped.find(partition);
      status.partitions[partition] = {
          read.at(partition), warehouse == claim.positions.end() ? lake : warehouse->second.next,
          lake, why == stopped.end() ? std::nullopt : std::optional<Error>(why->second)};
    }
  });
}

CommitCounters Sum(CommitCounters a, const CommitCounters& b) {
  a.commits += b.commits;
  a.retries += b.retries;
  a.fenced += b.fenced;
  a.doubts += b.doubts;
  a.doubts_applied += b.doubts_applied;
  return a;
}

}  // namespace sluice
