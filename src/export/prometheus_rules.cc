#include "export/prometheus_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "export/yaml.h"

namespace sluice {
namespace {

constexpr int64_t kMinuteMs = 60'000;

// One pipeline's series. Sums go over its processes: each reports the partitions it owns.
class Rules {
 public:
  Rules(const Spec& spec, const RuleOptions& options)
      : spec_(spec), options_(options), own_("pipeline=" + JsonQuote(spec.pipeline)) {}

  Json Make() {
    AddProcess();
    AddProgress("warehouse", spec_.warehouse.every_ms, spec_.HasWarehouseSink());
    AddProgress("lake", spec_.lake.every_ms, true);
    AddRecords();
    if (spec_.gold) AddGold();
    return std::move(rules_);
  }

 private:
  void Add(const char* alert, const std::string& expr, int minutes, const char* severity,
           std::string summary, std::string description) {
    rules_.push_back(
        {{"alert", alert},
         {"expr", expr},
         {"for", fmt::format("{}m", minutes)},
         {"labels", Labels(severity)},
         {"annotations",
          {{"summary", std::move(summary)}, {"description", std::move(description)}}}});
  }

  Json Labels(const char* severity) const {
    Json labels{{"severity", severity}, {"pipeline", spec_.pipeline}};
    if (!sink_.empty()) labels["sink"] = sink_;
    return labels;
  }

  void AddProcess() {
    Add("SluiceDown", fmt::format("absent(sluice_build_info{{{}}})", own_), 5, "critical",
        fmt::format("No sluice runs the pipeline {}", spec_.pipeline),
        "Prometheus reaches no process of it. Nothing is lost while Kafka keeps the records.");
    Add("SluiceNotReady", fmt::format("min by (instance) (sluice_ready{{{}}}) == 0", own_), 5,
        "warning", "{{ $labels.instance }} is not ready",
        "A service it needs is away; /readyz and `sluice status` say which.");
    Add("SluicePartitionStopped",
        fmt::format("max by (partition) (sluice_partition_stopped{{{}}}) == 1", own_), 1,
        "critical", "Partition {{ $labels.partition }} has stopped",
        "It cannot go on without an operator: records are gone, or an expectation says stop. "
        "`sluice status` has the reason.");
    Add("SluiceWorkersFight",
        fmt::format("sum(increase(sluice_fenced_total{{{}}}[15m])) > 10", own_), 5, "warning",
        "Workers take partitions from each other again and again",
        "{{ $value | humanize }} commits were refused in 15 minutes. Nothing is doubled, but time "
        "is "
        "lost: look for processes that Kafka's group throws out.");
  }

  // A topic that is quiet is no fault: only records that wait are.
  void AddProgress(const std::string& sink, int64_t every_ms, bool exists) {
    if (!exists) return;
    sink_ = sink;
    const std::string own = fmt::format("{{{}, sink=\"{}\"}}", own_, sink);
    const std::string lag = fmt::format("sum by (sink) (sluice_partition_lag_records{})", own);
    Add("SluiceLag", fmt::format("{} > {}", lag, options_.lag_records), 10, "warning",
        fmt::format("{{{{ $value | humanize }}}} records wait for the {}", sink),
        "More come than are taken, or a service is slow. `run --workers` adds hands.");
    const int64_t window_m = std::max<int64_t>(5, 3 * every_ms / kMinuteMs + 2);
    Add("SluiceNoCommits",
        fmt::format("{} > 0\n  unless on (sink) sum by (sink) (increase(sluice_commits_total{}"
                    "[{}m])) > 0",
                    lag, own, window_m),
        5, "critical",
        fmt::format("The {} has taken nothing for {} minutes, and records wait", sink, window_m),
        "The log of `sluice run` says what it waits for.");
    sink_.clear();
  }

  void AddRecords() {
    const std::string rate = "sum(rate(sluice_records_total{{{}}}[15m]))";
    const std::string bad = own_ + ", result=\"quarantined\"";
    Add("SluiceQuarantine",
        fmt::format("{}\n  / {} > {}", fmt::format(fmt::runtime(rate), bad),
                    fmt::format(fmt::runtime(rate), own_), options_.quarantine_share),
        5, "warning", "{{ $value | humanizePercentage }} of the records are quarantined",
        "`sluice quarantine ls` shows them with reason and field.");
  }

  void AddGold() {
    Add("SluiceGoldFailing", fmt::format("min(sluice_gold_last_build_ok{{{}}}) == 0", own_), 10,
        "warning", "The last dbt build failed", "`sluice status` names its models and tests.");
    Add("SluiceGoldStale",
        fmt::format("max(sluice_last_commit_timestamp_seconds{{{}, sink=\"warehouse\"}})\n"
                    "  - max(sluice_gold_last_build_timestamp_seconds{{{}}}) > {}",
                    own_, own_, std::max<int64_t>(900, 3 * spec_.gold->every_ms / 1000)),
        5, "warning", "Gold is {{ $value | humanizeDuration }} behind silver",
        "Commits came, but no dbt build ended since.");
  }

  const Spec& spec_;
  const RuleOptions& options_;
  std::string own_;
  std::string sink_;  // of the rules that are added; empty: of none
  Json rules_ = Json::array();
};

}  // namespace

std::string PrometheusRules(const Spec& spec, const RuleOptions& options) {
  const Json document{{"groups", Json::array({{{"name", "sluice-" + spec.pipeline},
                                               {"rules", Rules(spec, options).Make()}}})}};
  return "# Written by `sluice export prometheus-rules`.\n" + ToYaml(document);
}

}  // namespace sluice
