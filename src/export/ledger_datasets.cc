#include <fmt/format.h>

#include "core/text.h"
#include "export/manifest.h"
#include "export/pipeline_dashboard.h"

namespace sluice {
namespace {

// Superset's own names for the types that it finds in a query's answer.
constexpr const char* kText = "STRING";
constexpr const char* kInteger = "INTEGER";
constexpr const char* kLong = "LONGINTEGER";
constexpr const char* kDouble = "FLOAT";
constexpr const char* kTime = "DATETIMETZ";

Column Of(const std::string& name, const char* type, Role role, std::string label = {}) {
  const bool whole = type == kInteger || type == kLong;
  return {.name = name,
          .type = type,
          .label = label.empty() ? TitleOf(name) : std::move(label),
          .description = {},
          .format = role == Role::kOrdinal ? "d"
                    : whole                ? ",d"
                    : type == kDouble      ? ",.2f"
                                           : "",
          .role = role};
}

std::string Where(const Spec& spec, const std::string& alias) {
  return fmt::format("WHERE {}.pipeline = {}", alias, QuoteLiteral(spec.pipeline));
}

Dataset Positions(const Spec& spec) {
  const std::string leader = QuoteLiteral(spec.HasWarehouseSink() ? "warehouse" : "lake");
  return {
      .name = LedgerDatasetName(spec, "marks"),
      .schema = "sluice",
      .sql =
          "SELECT l.topic, p.log_id AS log, p.partition, p.sink, p.start_offset, p.next_offset,\n"
          "       p.n_ok + p.n_quarantined + p.n_skipped AS records,\n"
          "       p.n_ok AS ok, p.n_quarantined AS quarantined, p.n_skipped AS skipped,\n"
          "       max(p.next_offset) OVER (PARTITION BY p.log_id, p.partition)\n"
          "         - p.next_offset AS behind,\n"
          "       p.owner, p.updated_at AS last_commit_at,\n"
          "       extract(epoch FROM now() - p.updated_at)::double precision AS idle_seconds\n"
          "FROM sluice.position p JOIN sluice.log l ON l.log_id = p.log_id\n" +
          Where(spec, "p"),
      .description = "The ledger: how far each sink has come in each partition.",
      .columns = {Of("topic", kText, Role::kCategory), Of("log", kInteger, Role::kOrdinal),
                  Of("partition", kInteger, Role::kOrdinal), Of("sink", kText, Role::kCategory),
                  Of("start_offset", kLong, Role::kOrdinal, "Start"),
                  Of("next_offset", kLong, Role::kOrdinal, "Next offset"),
                  Of("records", kLong, Role::kMeasure), Of("ok", kLong, Role::kMeasure, "OK"),
                  Of("quarantined", kLong, Role::kMeasure), Of("skipped", kLong, Role::kMeasure),
                  Of("behind", kLong, Role::kMeasure), Of("owner", kText, Role::kLabel),
                  Of("last_commit_at", kTime, Role::kLoadTime),
                  Of("idle_seconds", kDouble, Role::kMeasure)},
      .metrics = {{"records", "Records taken",
                   fmt::format("COALESCE(SUM(records) FILTER (WHERE sink = {}), 0)", leader), ",d"},
                  {"behind", "Records behind the other sink", "COALESCE(SUM(behind), 0)", ",d"},
                  {"idle_ms", "Since the last commit", "MIN(idle_seconds) * 1000", "DURATION"},
                  {"count", "Marks", "COUNT(*)", ",d"}}};
}

Dataset Commits(const Spec& spec) {
  return {
      .name = LedgerDatasetName(spec, "commits"),
      .schema = "sluice",
      .sql =
          "SELECT c.at, c.sink, c.worker, c.n_ok + c.n_quarantined + c.n_skipped AS records,\n"
          "       c.n_ok AS ok, c.n_quarantined AS quarantined, c.n_skipped AS skipped\n"
          "FROM sluice.commit c\n" +
          Where(spec, "c"),
      .description = "One row a commit, written in its own transaction.",
      .columns = {Of("at", kTime, Role::kTime, "Time"), Of("sink", kText, Role::kCategory),
                  Of("worker", kText, Role::kLabel), Of("records", kLong, Role::kMeasure),
                  Of("ok", kLong, Role::kMeasure, "OK"), Of("quarantined", kLong, Role::kMeasure),
                  Of("skipped", kLong, Role::kMeasure)},
      .metrics = {{"records", "Records", "COALESCE(SUM(records), 0)", ",d"},
                  {"count", "Commits", "COUNT(*)", ",d"}},
      .time_column = "at"};
}

// Keys and values stay where they are: a dashboard has other readers than the quarantine.
Dataset Quarantine(const Spec& spec) {
  return {
      .name = LedgerDatasetName(spec, "quarantine"),
      .schema = "sluice",
      .sql =
          "SELECT q.at, q.log_id AS log, q.partition, q.\"offset\", q.reason, q.field, q.detail,\n"
          "       q.value_len AS bytes,\n"
          "       CASE WHEN q.resolved_at IS NULL THEN 'open' ELSE 'resolved' END AS state\n"
          "FROM sluice.quarantine q\n" +
          Where(spec, "q"),
      .description = "Records that could not become rows, without their bytes.",
      .columns = {Of("at", kTime, Role::kTime, "Time"), Of("log", kInteger, Role::kOrdinal),
                  Of("partition", kInteger, Role::kOrdinal), Of("offset", kLong, Role::kOrdinal),
                  Of("reason", kText, Role::kCategory), Of("field", kText, Role::kCategory),
                  Of("detail", kText, Role::kLabel), Of("bytes", kLong, Role::kMeasure),
                  Of("state", kText, Role::kCategory)},
      .metrics = {{"records", "Records", "COUNT(*)", ",d"},
                  {"open", "Open", "COUNT(*) FILTER (WHERE state = 'open')", ",d"}},
      .time_column = "at"};
}

Dataset Builds(const Spec& spec) {
  return {
      .name = LedgerDatasetName(spec, "dbt_builds"),
      .schema = "sluice",
      .sql =
          "SELECT r.started_at, r.seconds, r.ok, r.models, r.tests, r.passed, r.warned,\n"
          "       r.failed, r.errored, r.skipped,\n"
          "       CASE WHEN r.ok THEN 'passed' ELSE 'failed' END AS result,\n"
          "       extract(epoch FROM now() - r.started_at)::double precision AS age_seconds\n"
          "FROM sluice.dbt_run r\n" +
          Where(spec, "r"),
      .description = "One row a dbt build.",
      .columns = {Of("started_at", kTime, Role::kTime, "Started"),
                  Of("seconds", kDouble, Role::kMeasure), Of("ok", "BOOLEAN", Role::kCategory),
                  Of("models", kInteger, Role::kMeasure), Of("tests", kInteger, Role::kMeasure),
                  Of("passed", kInteger, Role::kMeasure), Of("warned", kInteger, Role::kMeasure),
                  Of("failed", kInteger, Role::kMeasure), Of("errored", kInteger, Role::kMeasure),
                  Of("skipped", kInteger, Role::kMeasure), Of("result", kText, Role::kCategory),
                  Of("age_seconds", kDouble, Role::kMeasure)},
      .metrics = {{"seconds", "Seconds", "AVG(seconds)", ",.1f"},
                  {"age_ms", "Since the last build", "MIN(age_seconds) * 1000", "DURATION"},
                  {"count", "Builds", "COUNT(*)", ",d"}},
      .time_column = "started_at"};
}

Dataset LastBuild(const Spec& spec) {
  return {
      .name = LedgerDatasetName(spec, "dbt_last_build"),
      .schema = "sluice",
      .sql =
          "SELECT n.kind, n.name, n.status, n.seconds, n.failures, n.message\n"
          "FROM sluice.dbt_node n\n"
          "WHERE n.kind <> 'exposure'\n"
          "  AND n.invocation_id = (SELECT r.invocation_id FROM sluice.dbt_run r\n"
          "  " +
          Where(spec, "r") + " ORDER BY r.started_at DESC LIMIT 1)",
      .description = "Models and tests of the last dbt build.",
      .columns = {Of("kind", kText, Role::kCategory), Of("name", kText, Role::kLabel),
                  Of("status", kText, Role::kCategory), Of("seconds", kDouble, Role::kMeasure),
                  Of("failures", kLong, Role::kMeasure), Of("message", kText, Role::kLabel)},
      .metrics = {{"count", "Nodes", "COUNT(*)", ",d"},
                  {"failing", "Failing",
                   "COUNT(*) FILTER (WHERE status IN ('fail', 'error', 'runtime error'))", ",d"}}};
}

}  // namespace

std::string LedgerDatasetName(const Spec& spec, std::string_view name) {
  return fmt::format("sluice_{}_{}", spec.pipeline, name);
}

std::vector<Dataset> LedgerDatasets(const Spec& spec) {
  std::vector<Dataset> datasets{Positions(spec), Commits(spec), Quarantine(spec)};
  if (spec.gold) {
    datasets.push_back(Builds(spec));
    datasets.push_back(LastBuild(spec));
  }
  return datasets;
}

}  // namespace sluice
