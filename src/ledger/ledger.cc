#include "ledger/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/log.h"
#include "core/text.h"
#include "ledger/receipt.h"
#include "ledger/schema.h"

namespace sluice {
namespace {

Status RefuseOtherOwner(SqlSession& session, const Registration& registration,
                        const std::string& target) {
  const std::array<SqlValue, 2> params{target, registration.pipeline};
  SLUICE_TRY(session.Query(
      "INSERT INTO sluice.target (name, pipeline) VALUES ($1, $2) ON CONFLICT DO NOTHING", params));
  SLUICE_ASSIGN(
      const SqlRows owner,
      session.Query("SELECT pipeline FROM sluice.target WHERE name = $1 AND pipeline <> $2",
                    params));
  if (owner.rows.empty()) return {};
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("another pipeline writes {}: {}", target, *owner.rows[0][0]),
              "give this pipeline a table of its own, or its `pipeline:` the same name", "E0407");
}

// Both sinks of every partition must stand at the same mark before the transform may change.
Result<bool> MarksDiffer(SqlSession& session, const std::string& pipeline) {
  const std::array<SqlValue, 1> params{pipeline};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query("SELECT 1 FROM sluice.position WHERE pipeline = $1 GROUP BY log_id, "
                              "partition HAVING min(next_offset) <> max(next_offset) LIMIT 1",
                              params));
  return !rows.rows.empty();
}

// Fences whoever still works by the old transform: its next commit fails, and so does its next
// claim. Before the marks are compared, so that none moves behind our back.
Status AcceptTransform(SqlSession& session, const Registration& wanted) {
  const std::array<SqlValue, 2> params{wanted.pipeline, wanted.transform_hash};
  SLUICE_TRY(session.Query(
      "WITH held AS (SELECT log_id, partition, sink FROM sluice.position WHERE pipeline = $1 "
      "ORDER BY log_id, partition, sink FOR NO KEY UPDATE) UPDATE sluice.position AS mine SET "
      "owner_epoch = owner_epoch + 1 FROM held WHERE mine.pipeline = $1 AND mine.log_id = "
      "held.log_id AND mine.partition = held.partition AND mine.sink = held.sink",
      std::span(params).first(1)));
  SLUICE_ASSIGN(const bool differ, MarksDiffer(session, wanted.pipeline));
  if (differ) {
    return Fail(
        ErrorKind::kInvalidConfig,
        "the transform changed while lake and warehouse stand at different marks",
        "run the old pipeline file once more with `sluice run --once`, which makes the marks "
        "equal, then accept the change",
        "E0403");
  }
  SLUICE_TRY(
      session.Query("UPDATE sluice.pipeline SET transform_hash = $2 WHERE name = $1", params));
  return InsertReceipt(session, {.commit = CommitId::Random(),
                                 .pipeline = wanted.pipeline,
                                 .kind = "accept",
                                 .ranges = "[]",
                                 .snapshots = {},
                                 .worker = "sluice-plan"});
}

Status CompareTransform(SqlSession& session, const Registration& wanted, const SqlRow& recorded) {
  if (recorded.at(1) != std::to_string(kLayoutVersion)) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("the ledger's tables have layout {}, this sluice needs {}",
                            *recorded[1], kLayoutVersion),
                "run the version of sluice that made them", "E0403");
  }
  if (recorded.at(0) == wanted.transform_hash) return {};
  if (wanted.accept_transform) return AcceptTransform(session, wanted);
  return Fail(ErrorKind::kInvalidConfig,
              "the transform is not the one this pipeline ran with: columns, SQL or expectations "
              "changed",
              "`sluice plan --accept` takes the new one from the marks on; `sluice rebuild` redoes "
              "what came before",
              "E0403");
}

}  // namespace

Status RegisterPipeline(SqlSession& session, const Registration& registration,
                        OpenTransaction open) {
  const auto body = [&]() -> Status {
    const std::array<SqlValue, 3> params{registration.pipeline, registration.transform_hash,
                                         std::to_string(kLayoutVersion)};
    SLUICE_TRY(
        session.Query("INSERT INTO sluice.pipeline (name, transform_hash, layout_version) "
                      "VALUES ($1, $2, $3::int) ON CONFLICT DO NOTHING",
                      params));
    SLUICE_ASSIGN(const SqlRows rows,
                  session.Query("SELECT transform_hash, layout_version FROM sluice.pipeline WHERE "
                                "name = $1 FOR NO KEY UPDATE",
                                std::span(params).first(1)));
    SLUICE_TRY(CompareTransform(session, registration, rows.rows.at(0)));
    for (const auto& target : registration.targets) {
      SLUICE_TRY(RefuseOtherOwner(session, registration, target));
    }
    return {};
  };
  return open == OpenTransaction::kYes ? body() : InTransaction(session, body);
}

Status HoldTransform(SqlSession& session, const std::string& pipeline, const std::string& hash,
                     TransformLock lock) {
  const std::array<SqlValue, 1> params{pipeline};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(fmt::format("SELECT transform_hash FROM sluice.pipeline WHERE name = $1 FOR {}",
                                lock == TransformLock::kShared ? "SHARE" : "NO KEY UPDATE"),
                    params));
  if (!rows.rows.empty() && rows.rows[0][0] == hash) return {};
  return Fail(ErrorKind::kInvalidConfig,
              "the transform changed: the ledger has another one than this program works by",
              "start it again with the pipeline file that was accepted", "E0403");
}

Result<std::optional<LogId>> FindLog(SqlSession& session, const std::string& pipeline,
                                     const TopicIdentity& topic) {
  const std::array<SqlValue, 4> params{pipeline, topic.topic, topic.topic_uuid, topic.cluster_id};
  SLUICE_ASSIGN(
      const SqlRows known,
      session.Query("SELECT log_id FROM sluice.log WHERE pipeline = $1 AND topic = $2 AND "
                    "topic_uuid = $3 AND cluster_id = $4",
                    params));
  if (known.rows.empty()) return std::nullopt;
  return LogId{static_cast<int32_t>(IntegerOf(known.rows[0][0]))};
}

// Others are looked for first: a start at the same moment may make this very log, which must then
// be found as ours.
Result<LogId> ResolveLog(SqlSession& session, const std::string& pipeline,
                         const TopicIdentity& topic, bool accept_new) {
  const std::array<SqlValue, 5> params{pipeline, topic.topic, topic.topic_uuid, topic.cluster_id,
                                       topic.embedded ? "t" : "f"};
  SLUICE_ASSIGN(
      const SqlRows others,
      session.Query("SELECT log_id, topic_uuid, cluster_id FROM sluice.log WHERE pipeline "
                    "= $1 AND topic = $2 AND NOT embedded ORDER BY log_id DESC LIMIT 1",
                    std::span(params).first(2)));
  SLUICE_ASSIGN(const auto known, FindLog(session, pipeline, topic));
  if (known) return *known;
  if (!others.rows.empty() && !accept_new && !topic.embedded) {
    return Fail(
        ErrorKind::kInvalidConfig,
        fmt::format("topic `{}` is not the one this pipeline has read: it was made again or "
                    "lies on another cluster (topic {} on cluster {}, recorded {} on {})",
                    topic.topic, topic.topic_uuid, topic.cluster_id, *others.rows[0][1],
                    *others.rows[0][2]),
        "offsets of another log mean other records; if that is meant, `sluice offsets "
        "accept-new-log` starts it as a new log",
        "E0402");
  }
  SLUICE_ASSIGN(
      const SqlRows made,
      session.Query("INSERT INTO sluice.log (pipeline, topic, topic_uuid, cluster_id, "
                    "embedded) VALUES ($1, $2, $3, $4, $5::boolean) ON CONFLICT (pipeline, "
                    "topic, topic_uuid, cluster_id) DO UPDATE SET topic = excluded.topic "
                    "RETURNING log_id",
                    params));
  return LogId{static_cast<int32_t>(IntegerOf(made.rows.at(0).at(0)))};
}

Result<std::map<PartitionId, Offset>> LeastMarks(SqlSession& session, const std::string& pipeline,
                                                 LogId log) {
  const std::array<SqlValue, 2> params{pipeline, TextOf(log.value)};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query("SELECT partition, min(next_offset) FROM sluice.position WHERE "
                              "pipeline = $1 AND log_id = $2::int GROUP BY partition",
                              params));
  std::map<PartitionId, Offset> marks;
  for (const auto& row : rows.rows) {
    marks[PartitionId{static_cast<int32_t>(IntegerOf(row.at(0)))}] = Offset{IntegerOf(row.at(1))};
  }
  return marks;
}

Status NoteStopped(SqlSession& session, const std::string& pipeline, const std::string& worker,
                   LogId log, PartitionId partition, const Error& error) {
  const std::array<SqlValue, 5> params{pipeline, worker, TextOf(log.value), TextOf(partition.value),
                                       EscapeControl(error.code + ": " + error.message)};
  SLUICE_TRY(session.Query(
      "UPDATE sluice.position SET stopped = $5 WHERE pipeline = $1 AND owner = $2 AND log_id = "
      "$3::int AND partition = $4::int",
      params));
  return {};
}

}  // namespace sluice
