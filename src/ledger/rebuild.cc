#include "ledger/rebuild.h"

#include <algorithm>
#include <array>
#include <map>

#include "core/failpoint.h"
#include "ledger/ledger.h"
#include "ledger/marks.h"

namespace sluice {

Status HoldRebuild(SqlSession& session, const std::string& pipeline, const std::string& table) {
  const std::array<SqlValue, 2> params{pipeline, table};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query("SELECT pg_try_advisory_lock(hashtext('sluice rebuild of ' || $1), "
                              "hashtext($2))",
                              params));
  if (rows.rows.at(0).at(0) == "t") return {};
  return Fail(ErrorKind::kFenced, "another rebuild is at work on " + table,
              "wait for its end, or stop it; what it left is taken away by the next one",
              std::string(kRebuildRuns));
}

Status ReleaseRebuild(SqlSession& session) {
  SLUICE_TRY(session.Query("SELECT pg_advisory_unlock_all()"));
  return {};
}

Result<std::vector<RebuildMark>> ReadRebuildMarks(SqlSession& session, const std::string& pipeline,
                                                  Sink sink, const std::string& table) {
  const std::array<SqlValue, 3> params{pipeline, std::string(Name(sink)), table};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query("SELECT p.log_id, p.partition, p.start_offset, p.next_offset, p.n_ok, "
                    "coalesce(l.n, 0) FROM sluice.position AS p LEFT JOIN sluice.left_out AS l ON "
                    "l.pipeline = p.pipeline AND l.sink = p.sink AND l.log_id = p.log_id AND "
                    "l.partition = p.partition AND l.table_name = $3 WHERE p.pipeline = $1 AND "
                    "p.sink = $2 ORDER BY 1, 2",
                    params));
  std::vector<RebuildMark> marks;
  for (const SqlRow& row : rows.rows) {
    marks.push_back({LogId{static_cast<int32_t>(IntegerOf(row.at(0)))},
                     PartitionId{static_cast<int32_t>(IntegerOf(row.at(1)))},
                     Offset{IntegerOf(row.at(2))}, Offset{IntegerOf(row.at(3))},
                     IntegerOf(row.at(4)), IntegerOf(row.at(5))});
  }
  return marks;
}

Result<std::vector<std::string>> ReadInterventions(SqlSession& session,
                                                   const std::string& pipeline) {
  const std::array<SqlValue, 1> params{pipeline};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query("SELECT commit_id FROM sluice.commit WHERE pipeline = $1 AND sink IN "
                              "('replay', 'accept') ORDER BY 1",
                              params));
  std::vector<std::string> ids;
  for (const SqlRow& row : rows.rows) ids.push_back(row.at(0).value_or(""));
  return ids;
}

Status RebuildTransaction::Apply(SqlSession& session) {
  SLUICE_TRY(CheckFence(session));
  SLUICE_TRY(HoldTransform(session, plan_.pipeline, plan_.transform_hash, TransformLock::kAlone));
  SLUICE_TRY(CheckInterventions(session));
  SLUICE_FAILPOINT("swap_begin");
  for (Participant* part : parts_) SLUICE_TRY(part->Apply(session, plan_.commit));
  SLUICE_TRY(ChangeLeftOut(session));
  Receipt receipt{.commit = plan_.commit,
                  .pipeline = plan_.pipeline,
                  .kind = kind(),
                  .ranges = plan_.ranges,
                  .ok = plan_.rows,
                  .snapshots = SnapshotsOf(parts_),
                  .worker = plan_.worker};
  SLUICE_TRY(InsertReceipt(session, receipt));
  SLUICE_FAILPOINT("swap_receipt");
  return {};
}

// A replay's records lie below the marks, but were not in bronze when it was read.
Status RebuildTransaction::CheckInterventions(SqlSession& session) const {
  SLUICE_ASSIGN(const auto now, ReadInterventions(session, plan_.pipeline));
  if (std::ranges::includes(plan_.interventions, now)) return {};
  return Fail(ErrorKind::kFenced,
              "records were replayed, or a transform accepted, while the table was rebuilt");
}

Status RebuildTransaction::ChangeLeftOut(SqlSession& session) const {
  std::map<std::pair<Sink, LogId>, std::vector<StagedRange>> by_sink;
  for (const LeftOutChange& change : plan_.left_out) {
    StagedRange range{};
    range.counts.range.partition = change.partition;
    range.left_out[plan_.table] = change.change;
    by_sink[{change.sink, change.log}].push_back(std::move(range));
  }
  for (auto& [key, ranges] : by_sink) {
    SLUICE_TRY(CountLeftOut(session, plan_.pipeline,
                            {.commit = plan_.commit,
                             .sink = key.first,
                             .log = key.second,
                             .ranges = std::move(ranges),
                             .quarantine = {}}));
  }
  return {};
}

Status RebuildTransaction::CheckFence(SqlSession& session) {
  if (session.BackendPid() == plan_.backend_pid) return {};
  return Fail(ErrorKind::kFenced, "the rebuild's session was lost, and its locks with it");
}

// The pipeline's row is what Apply locks first.
Status RebuildTransaction::AwaitEnd(SqlSession& session) {
  const std::array<SqlValue, 1> params{plan_.pipeline};
  SLUICE_TRY(
      session.Query("SELECT 1 FROM sluice.pipeline WHERE name = $1 FOR NO KEY UPDATE", params));
  return {};
}

}  // namespace sluice
