#include "serve/totals.h"

#include <algorithm>

#include "serve/health.h"

namespace sluice {
namespace {

void AddCommits(SinkTotals& sink, int64_t commits, int64_t committed_ms) {
  sink.commits += commits;
  sink.committed_ms = std::max(sink.committed_ms, committed_ms);
}

void AddLag(SinkTotals& sink, int64_t lag) {
  if (lag >= 0) sink.lag = std::max<int64_t>(0, sink.lag) + lag;
}

void AddMap(std::map<std::string, int64_t>& sums, const std::map<std::string, int64_t>& more) {
  for (const auto& [name, count] : more) sums[name] += count;
}

}  // namespace

Totals Totals::Of(const About& about, const StatusSnapshot& status) {
  Totals totals;
  SinkTotals lake, warehouse;
  for (const auto& [name, worker] : status.workers) {
    totals.records += worker.records;
    totals.ok += worker.ok;
    totals.quarantined += worker.quarantined;
    totals.skipped += worker.skipped;
    totals.retries += worker.retries;
    totals.fenced += worker.fenced;
    totals.doubts += worker.doubts;
    totals.nan_as_null += worker.nan_as_null;
    totals.gap_offsets += worker.gap_offsets;
    totals.broker_errors += worker.broker_errors;
    AddMap(totals.quarantine_reasons, worker.quarantine_reasons);
    AddMap(totals.expectations, worker.expectations);
    AddCommits(lake, worker.lake_commits, worker.lake_committed_ms);
    AddCommits(warehouse, worker.warehouse_commits, worker.warehouse_committed_ms);
  }
  for (const auto& [id, owned] : Partitions(status)) {
    const auto high = HighOf(status, id, owned.status.read);
    AddLag(lake, LagOf(high, owned.status.lake));
    AddLag(warehouse, LagOf(high, owned.status.warehouse));
  }
  totals.sinks["lake"] = lake;
  if (!about.warehouse.empty()) totals.sinks["warehouse"] = warehouse;
  return totals;
}

}  // namespace sluice
