#include "ledger/report.h"

#include <array>

namespace sluice {
namespace {

Sink SinkOf(const SqlValue& name) {
  return name == "lake" ? Sink::kLake : Sink::kWarehouse;
}

}  // namespace

Result<std::vector<PositionReport>> ReadPositions(SqlSession& session,
                                                  const std::string& pipeline) {
  const std::array<SqlValue, 1> params{pipeline};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(
          "SELECT sink, log_id, topic, topic_uuid, cluster_id, embedded, partition, "
          "start_offset, next_offset, n_ok, n_quarantined, n_skipped, n_purged, coalesce(stopped, "
          "''), "
          "coalesce(owner, ''), "
          "coalesce(to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "
          "'') FROM sluice.position JOIN sluice.log USING (pipeline, log_id) WHERE pipeline "
          "= $1 ORDER BY log_id, partition, sink DESC",
          params));
  std::vector<PositionReport> reports;
  for (const auto& row : rows.rows) {
    PositionReport report{.sink = SinkOf(row[0]),
                          .log = LogId{static_cast<int32_t>(IntegerOf(row[1]))},
                          .topic = row[2].value_or(""),
                          .topic_uuid = row[3].value_or(""),
                          .cluster_id = row[4].value_or(""),
                          .embedded = row[5] == "t",
                          .partition = PartitionId{static_cast<int32_t>(IntegerOf(row[6]))},
                          .start = Offset{IntegerOf(row[7])},
                          .next = Offset{IntegerOf(row[8])},
                          .ok = IntegerOf(row[9]),
                          .quarantined = IntegerOf(row[10]),
                          .skipped = IntegerOf(row[11]),
                          .purged = IntegerOf(row[12]),
                          .stopped = row[13].value_or(""),
                          .owner = row[14].value_or(""),
                          .updated_at = row[15].value_or("")};
    reports.push_back(std::move(report));
  }
  return reports;
}

Result<std::vector<CommitReport>> ReadCommits(SqlSession& session, const std::string& pipeline) {
  const std::array<SqlValue, 1> params{pipeline};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query("SELECT sink, count(*), to_char(max(at) AT TIME ZONE 'UTC', "
                    "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM sluice.commit WHERE pipeline "
                    "= $1 AND sink IN ('warehouse', 'lake') GROUP BY sink ORDER BY sink DESC",
                    params));
  std::vector<CommitReport> reports;
  for (const auto& row : rows.rows) {
    reports.push_back({SinkOf(row[0]), IntegerOf(row[1]), row[2].value_or("")});
  }
  return reports;
}

Result<MaintenanceReport> ReadMaintenance(SqlSession& session, const std::string& pipeline) {
  const std::array<SqlValue, 1> params{pipeline};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query("SELECT count(*), to_char(max(at) AT TIME ZONE 'UTC', "
                              "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM sluice.commit WHERE "
                              "pipeline = $1 AND sink = 'maintain'",
                              params));
  return MaintenanceReport{IntegerOf(rows.rows.at(0)[0]), rows.rows.at(0)[1].value_or("")};
}

Result<std::vector<QuarantineCount>> ReadQuarantine(SqlSession& session,
                                                    const std::string& pipeline) {
  const std::array<SqlValue, 1> params{pipeline};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query("SELECT reason, count(*), to_char(max(at) AT TIME ZONE 'UTC', "
                    "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM sluice.quarantine WHERE "
                    "pipeline = $1 AND resolved_at IS NULL GROUP BY reason ORDER BY 2 DESC, 1",
                    params));
  std::vector<QuarantineCount> counts;
  for (const auto& row : rows.rows) {
    counts.push_back({row[0].value_or(""), IntegerOf(row[1]), row[2].value_or("")});
  }
  return counts;
}

Result<std::optional<DbtReport>> ReadLastBuild(SqlSession& session, const std::string& pipeline) {
  const std::array<SqlValue, 1> params{pipeline};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query("SELECT invocation_id, to_char(started_at AT TIME ZONE 'UTC', "
                    "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), seconds, ok, models, tests, passed, "
                    "warned, failed, errored FROM sluice.dbt_run WHERE pipeline = $1 ORDER "
                    "BY started_at DESC LIMIT 1",
                    params));
  if (rows.rows.empty()) return std::optional<DbtReport>();
  const SqlRow& row = rows.rows[0];
  return DbtReport{.invocation_id = row[0].value_or(""),
                   .started_at = row[1].value_or(""),
                   .seconds = DoubleOf(row[2]),
                   .ok = row[3] == "t",
                   .models = IntegerOf(row[4]),
                   .tests = IntegerOf(row[5]),
                   .passed = IntegerOf(row[6]),
                   .warned = IntegerOf(row[7]),
                   .failed = IntegerOf(row[8]),
                   .errored = IntegerOf(row[9])};
}

}  // namespace sluice
