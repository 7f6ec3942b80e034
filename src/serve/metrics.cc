#include "serve/metrics.h"

#include <algorithm>

#include "serve/health.h"
#include "serve/metric_text.h"
#include "serve/totals.h"

namespace sluice {
namespace {

constexpr size_t kMaxReasons = 50;

double Seconds(int64_t wall_clock_ms) {
  return static_cast<double>(wall_clock_ms) / 1000;
}

void WriteRun(MetricText& text, const About& about, const StatusSnapshot& status, SteadyTime now) {
  text.Family("sluice_build_info", "gauge", "Always 1; the program's version is a label.");
  text.Sample(int64_t{1}, {{"version", about.version}});
  text.Family("sluice_ready", "gauge", "1 when records flow, or would if any came; as /readyz.");
  text.Sample(int64_t{WhyNotReady(status, now).empty()});
  text.Family("sluice_start_timestamp_seconds", "gauge", "When the run started.");
  text.Sample(Seconds(status.run.started_ms));
  std::map<std::string, int64_t> states{{"running", 0}, {"waiting", 0}};
  for (const auto& [name, worker] : status.workers) ++states[worker.state];
  text.Family("sluice_workers", "gauge", "Workers of this process by what they do.");
  for (const auto& [state, workers] : states) text.Sample(workers, {{"state", state}});
}

void WriteReasons(MetricText& text, const std::map<std::string, int64_t>& reasons) {
  std::vector<std::pair<std::string, int64_t>> most(reasons.begin(), reasons.end());
  std::ranges::stable_sort(most, std::greater{}, [](const auto& item) { return item.second; });
  int64_t others = 0;
  for (size_t i = 0; i < most.size(); ++i) {
    if (i < kMaxReasons) {
      text.Sample(most[i].second, {{"reason", most[i].first}});
    } else {
      others += most[i].second;
    }
  }
  if (most.size() > kMaxReasons) text.Sample(others, {{"reason", "other"}});
}

void WriteRecords(MetricText& text, const Totals& totals) {
  text.Family("sluice_records_total", "counter",
              "Records that were taken, by what became of them.");
  text.Sample(totals.ok, {{"result", "ok"}});
  text.Sample(totals.quarantined, {{"result", "quarantined"}});
  text.Sample(totals.skipped, {{"result", "skipped"}});
  text.Family("sluice_quarantined_total", "counter", "Quarantined records by reason.");
  WriteReasons(text, totals.quarantine_reasons);
  text.Family("sluice_expectation_failures_total", "counter",
              "Rows that failed an expectation, whatever its `else`.");
  for (const auto& [name, failed] : totals.expectations) text.Sample(failed, {{"name", name}});
  text.Family("sluice_nan_as_null_total", "counter", "NaN in records that was taken as null.");
  text.Sample(totals.nan_as_null);
  text.Family("sluice_gap_offsets_total", "counter",
              "Offsets without a record: compacted away, or markers of transactions.");
  text.Sample(totals.gap_offsets);
  text.Family("sluice_broker_errors_total", "counter", "Errors of Kafka that went away again.");
  text.Sample(totals.broker_errors);
}

void WriteCommits(MetricText& text, const Totals& totals) {
  text.Family("sluice_commits_total", "counter", "Commits by sink.");
  for (const auto& [sink, sums] : totals.sinks) text.Sample(sums.commits, {{"sink", sink}});
  text.Family("sluice_last_commit_timestamp_seconds", "gauge",
              "When a sink last committed; absent until it has.");
  for (const auto& [sink, sums] : totals.sinks) {
    if (sums.committed_ms > 0) text.Sample(Seconds(sums.committed_ms), {{"sink", sink}});
  }
  text.Family("sluice_commit_retries_total", "counter", "Commits that were tried again.");
  text.Sample(totals.retries);
  text.Family("sluice_commit_doubts_total", "counter",
              "COMMITs whose reply was lost; the ledger then told what became of them.");
  text.Sample(totals.doubts);
  text.Family("sluice_fenced_total", "counter",
              "Commits refused because another worker owned the partition.");
  text.Sample(totals.fenced);
}

void WritePartitions(MetricText& text, const About& about, const StatusSnapshot& status) {
  const auto partitions = Partitions(status);
  const auto each_mark = [&](const auto& write) {
    for (const auto& [id, owned] : partitions) {
      const std::string partition = std::to_string(id.value);
      const auto high = HighOf(status, id, owned.status.read);
      if (!about.warehouse.empty()) write(partition, "warehouse", owned.status.warehouse, high);
      write(partition, "lake", owned.status.lake, high);
    }
  };
  text.Family("sluice_partition_next_offset", "gauge",
              "A sink's mark: the next offset it will take, of this process' partitions.");
  each_mark([&](const std::string& partition, std::string sink, Offset mark, auto) {
    text.Sample(mark.value, {{"partition", partition}, {"sink", std::move(sink)}});
  });
  text.Family("sluice_partition_lag_records", "gauge",
              "Offsets between a sink's mark and the topic's end; absent until the end is known.");
  each_mark([&](const std::string& partition, std::string sink, Offset mark, auto high) {
    const int64_t lag = LagOf(high, mark);
    if (lag >= 0) text.Sample(lag, {{"partition", partition}, {"sink", std::move(sink)}});
  });
  text.Family("sluice_partition_read_offset", "gauge", "The next offset to come from Kafka.");
  for (const auto& [id, owned] : partitions) {
    text.Sample(owned.status.read.value, {{"partition", std::to_string(id.value)}});
  }
  text.Family("sluice_partition_stopped", "gauge", "1 when a partition cannot go on.");
  for (const auto& [id, owned] : partitions) {
    text.Sample(int64_t{owned.status.stopped.has_value()},
                {{"partition", std::to_string(id.value)}});
  }
}

void WriteGold(MetricText& text, const std::optional<GoldStatus>& gold) {
  if (!gold) return;
  text.Family("sluice_gold_builds_total", "counter", "dbt builds by how they ended.");
  text.Sample(gold->builds - gold->failures, {{"result", "ok"}});
  text.Sample(gold->failures, {{"result", "failed"}});
  if (gold->finished_ms == 0) return;
  text.Family("sluice_gold_last_build_timestamp_seconds", "gauge", "When dbt last ended.");
  text.Sample(Seconds(gold->finished_ms));
  text.Family("sluice_gold_last_build_ok", "gauge", "1 when the last dbt build had no failure.");
  text.Sample(int64_t{gold->ok});
  text.Family("sluice_gold_last_build_duration_seconds", "gauge", "How long it took.");
  text.Sample(gold->seconds);
  text.Family("sluice_gold_last_build_nodes", "gauge", "Its nodes by status.");
  text.Sample(gold->passed, {{"status", "passed"}});
  text.Sample(gold->warned, {{"status", "warned"}});
  text.Sample(gold->failed, {{"status", "failed"}});
  text.Sample(gold->errored, {{"status", "errored"}});
  text.Sample(gold->skipped, {{"status", "skipped"}});
}

void WriteProcess(MetricText& text, const ProcessStats& process) {
  text.Family("process_resident_memory_bytes", "gauge", "Resident memory.");
  text.Sample(process.resident_bytes);
  text.Family("process_cpu_seconds_total", "counter", "User and system time.");
  text.Sample(process.cpu_seconds);
  text.Family("process_open_fds", "gauge", "Open files.");
  text.Sample(process.open_files);
}

}  // namespace

std::string MetricsText(const About& about, const StatusSnapshot& status,
                        const ProcessStats& process, SteadyTime now) {
  MetricText text({{"pipeline", about.pipeline}});
  const Totals totals = Totals::Of(about, status);
  WriteRun(text, about, status, now);
  WriteRecords(text, totals);
  WriteCommits(text, totals);
  WritePartitions(text, about, status);
  WriteGold(text, status.run.gold);
  WriteProcess(text, process);
  return text.Take();
}

}  // namespace sluice
