#include "export/pipeline_dashboard.h"

#include <utility>

#include "export/identity.h"

namespace sluice {
namespace {

constexpr int kRefreshSeconds = 30;

Chart Number(const char* title, std::string dataset, const char* metric, std::string subtitle) {
  return {.kind = ChartKind::kNumber,
          .title = title,
          .dataset = std::move(dataset),
          .metrics = {metric},
          .subtitle = std::move(subtitle),
          .width = 2};
}

Section Now(const Spec& spec) {
  Section now;
  now.charts = {
      Number("Records taken", LedgerDatasetName(spec, "marks"), "records", "each exactly once"),
      Number("Open in quarantine", LedgerDatasetName(spec, "quarantine"), "open",
             "records without a row"),
      Number("Lake behind", LedgerDatasetName(spec, "marks"), "behind",
             "records for its next commit"),
      Number("Since the last commit", LedgerDatasetName(spec, "marks"), "idle_ms", "of any sink")};
  if (spec.gold) {
    now.charts.push_back(Number("Since the last build", LedgerDatasetName(spec, "dbt_builds"),
                                "age_ms", "of gold by dbt"));
    now.charts.push_back(Number("Failing in gold", LedgerDatasetName(spec, "dbt_last_build"),
                                "failing", "models and tests"));
  }
  return now;
}

Section CommitCharts(const Spec& spec) {
  return {.title = "Commits and marks",
          .charts = {{.kind = ChartKind::kBar,
                      .title = "Records by minute",
                      .dataset = LedgerDatasetName(spec, "commits"),
                      .metrics = {"records"},
                      .by = "at",
                      .series = "sink",
                      .grain = "PT1M",
                      .note = "What the commits of each sink took"},
                     {.kind = ChartKind::kBar,
                      .title = "Commits by minute",
                      .dataset = LedgerDatasetName(spec, "commits"),
                      .metrics = {"count"},
                      .by = "at",
                      .series = "sink",
                      .grain = "PT1M"},
                     {.kind = ChartKind::kTable,
                      .title = "Marks",
                      .dataset = LedgerDatasetName(spec, "marks"),
                      .columns = {"topic", "log", "partition", "sink", "next_offset", "ok",
                                  "quarantined", "skipped", "behind", "last_commit_at"},
                      .order_by = "partition",
                      .descending = false,
                      .bars = false,
                      .note = "The next offset that each sink will take of each partition",
                      .height = 30}}};
}

Section QuarantineCharts(const Spec& spec) {
  return {.title = "Quarantine",
          .charts = {{.kind = ChartKind::kBar,
                      .title = "Quarantined by reason",
                      .dataset = LedgerDatasetName(spec, "quarantine"),
                      .metrics = {"records"},
                      .by = "reason",
                      .horizontal = true,
                      .width = 4,
                      .height = 40},
                     {.kind = ChartKind::kTable,
                      .title = "Newest in quarantine",
                      .dataset = LedgerDatasetName(spec, "quarantine"),
                      .columns = {"at", "reason", "field", "detail", "log", "partition", "offset",
                                  "state"},
                      .order_by = "at",
                      .limit = 200,
                      .note = "`sluice quarantine show LOG/PARTITION/OFFSET` prints the bytes",
                      .width = 8,
                      .height = 40}}};
}

Section GoldCharts(const Spec& spec) {
  return {.title = "Gold",
          .charts = {{.kind = ChartKind::kLine,
                      .title = "Seconds of a dbt build",
                      .dataset = LedgerDatasetName(spec, "dbt_builds"),
                      .metrics = {"seconds"},
                      .by = "started_at",
                      .grain = "PT1S",
                      .width = 4},
                     {.kind = ChartKind::kTable,
                      .title = "The last dbt build",
                      .dataset = LedgerDatasetName(spec, "dbt_last_build"),
                      .columns = {"kind", "name", "status", "seconds", "failures", "message"},
                      .order_by = "status",
                      .descending = false,
                      .width = 8}}};
}

}  // namespace

Dashboard PipelineDashboard(const Spec& spec) {
  Dashboard dashboard{.name = "pipeline",
                      .title = "Pipeline: " + spec.pipeline,
                      .slug = SlugOf("pipeline-" + spec.pipeline),
                      .description = "What sluice's ledger says of itself.",
                      .sections = {Now(spec), CommitCharts(spec), QuarantineCharts(spec)},
                      .filters = {{.title = "Time"}},
                      .refresh_s = kRefreshSeconds};
  if (spec.gold) dashboard.sections.push_back(GoldCharts(spec));
  return dashboard;
}

}  // namespace sluice
