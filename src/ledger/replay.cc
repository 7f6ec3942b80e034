#include "ledger/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "ledger/ledger.h"
#include "ledger/marks.h"
#include "ledger/quarantine_report.h"
#include "ledger/receipt.h"

namespace sluice {
namespace {

constexpr int64_t kMaxBatchBytes = 32 << 20;

SqlValue NamesOf(const std::vector<Sink>& sinks) {
  std::vector<std::string> names;
  for (const Sink sink : sinks) names.emplace_back(Name(sink));
  return ArrayOf(names);
}

// The chosen records with both marks: q and m. What lies behind every mark is in no worker's hands.
std::string From(const FilterSql& chosen, const std::string& sinks) {
  return fmt::format(
      " FROM sluice.quarantine AS q JOIN (SELECT log_id, partition, min(next_offset) AS least, "
      "max(start_offset) FILTER (WHERE sink = 'warehouse') AS warehouse_start FROM "
      "sluice.position WHERE pipeline = $1 AND sink = ANY({}::text[]) GROUP BY 1, 2) AS m USING "
      "(log_id, partition) WHERE {}",
      sinks, chosen.where);
}

constexpr std::string_view kWhole = "coalesce(octet_length(q.value), 0) = q.value_len";

RecordKey KeyOf(const SqlRow& row) {
  return {LogId{static_cast<int32_t>(IntegerOf(row[0]))},
          PartitionId{static_cast<int32_t>(IntegerOf(row[1]))}, Offset{IntegerOf(row[2])}};
}

// The first records that share a log and a place, up to the limit of bytes.
std::vector<RecordKey> OneBatch(const SqlRows& rows) {
  std::vector<RecordKey> keys;
  int64_t bytes = 0;
  for (const SqlRow& row : rows.rows) {
    const bool same = row[0] == rows.rows[0][0] && row[4] == rows.rows[0][4];
    bytes += IntegerOf(row[3]);
    if (!same || (!keys.empty() && bytes > kMaxBatchBytes)) break;
    keys.push_back(KeyOf(row));
  }
  return keys;
}

Status AddRecord(const SqlRow& row, RawBatch& raw) {
  const RecordKey key = KeyOf(row);
  Record record;
  record.partition = key.partition;
  record.offset = key.offset;
  if (row[3] == "infinity") {
    record.timestamp_ms = INT64_MAX;
  } else if (row[3]) {
    record.timestamp_ms = IntegerOf(row[3]);
  }
  if (const auto bytes = FromHex(row[4])) record.key = raw.arena->Copy(*bytes);
  const auto value = FromHex(row[5]);
  if (Sha256Hex(value.value_or("")) != row[6].value_or("")) {
    return Fail(ErrorKind::kInvariant,
                fmt::format("record {}/{}/{} of the quarantine is not what was quarantined: its "
                            "hash differs",
                            key.log.value, key.partition.value, key.offset.value),
                "somebody changed sluice.quarantine; produce the right record instead");
  }
  if (value) record.value = raw.arena->Copy(*value);
  for (const QuarantinedHeader& header : HeadersFrom(row[7], row[8])) {
    RecordHeader copy{.key = raw.arena->Copy(header.key), .value = std::nullopt};
    if (header.value) copy.value = raw.arena->Copy(*header.value);
    record.headers.push_back(copy);
  }
  const Offset past{key.offset.value + 1};
  if (raw.ranges.empty() || raw.ranges.back().partition != key.partition) {
    raw.ranges.push_back({key.partition, key.offset, past});
  }
  raw.ranges.back().end = past;
  raw.records.push_back(std::move(record));
  return {};
}

}  // namespace

Result<ReplayOutlook> ReplayReader::Count(SqlSession& session) const {
  FilterSql chosen = WhereOf(pipeline_, filter_);
  const std::string sinks = chosen.Add(NamesOf(sinks_));
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(fmt::format("SELECT count(*) FILTER (WHERE {0} AND q.\"offset\" < m.least), "
                                "count(*) FILTER (WHERE NOT {0}), count(*) FILTER (WHERE {0} AND "
                                "q.\"offset\" >= m.least){1}",
                                kWhole, From(chosen, sinks)),
                    chosen.params));
  const SqlRow& row = rows.rows.at(0);
  return ReplayOutlook{IntegerOf(row[0]), IntegerOf(row[1]), IntegerOf(row[2])};
}

Result<ReplayBatch> ReplayReader::Next(SqlSession& session, const std::optional<RecordKey>& after,
                                       int64_t limit) const {
  FilterSql chosen = WhereOf(pipeline_, filter_);
  const std::string sinks = chosen.Add(NamesOf(sinks_));
  const RecordKey behind = after.value_or(RecordKey{LogId{-1}, PartitionId{-1}, Offset{-1}});
  SLUICE_ASSIGN(
      const SqlRows ready,
      session.Query(
          fmt::format("SELECT q.log_id, q.partition, q.\"offset\", q.value_len, "
                      "coalesce(q.\"offset\" >= m.warehouse_start, false){} AND q.\"offset\" < "
                      "m.least AND {} AND (q.log_id, q.partition, q.\"offset\") > ({}, {}, {}) "
                      "ORDER BY 1, 2, 3 LIMIT {}",
                      From(chosen, sinks), kWhole, behind.log.value, behind.partition.value,
                      behind.offset.value, limit),
          chosen.params));
  ReplayBatch batch;
  batch.raw.arena = std::make_shared<Arena>();
  if (ready.rows.empty()) return batch;
  batch.in_warehouse = ready.rows[0][4] == "t";
  const std::vector<RecordKey> keys = OneBatch(ready);
  batch.raw.log = keys.front().log;
  // Resolved meanwhile, they are read nevertheless: the commit will find out.
  const FilterSql these =
      WhereOf(pipeline_, {.state = QuarantineFilter::State::kAny, .records = keys});
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(fmt::format("SELECT q.log_id, q.partition, q.\"offset\", CASE WHEN "
                                "isfinite(q.kafka_ts) THEN (extract(epoch FROM q.kafka_ts) * "
                                "1000)::bigint::text ELSE q.kafka_ts::text END, encode(q.key, "
                                "'hex'), encode(q.value, 'hex'), q.sha256, {} FROM "
                                "sluice.quarantine AS q WHERE {} ORDER BY 1, 2, 3",
                                HeadersAsHex(), these.where),
                    these.params));
  for (const SqlRow& row : rows.rows) SLUICE_TRY(AddRecord(row, batch.raw));
  return batch;
}

std::vector<RecordKey> ReplayTransaction::Keys() const {
  std::vector<RecordKey> keys = plan_.resolved;
  for (const Reject& reject : plan_.still_bad) {
    keys.push_back({plan_.log, reject.id.partition, reject.id.offset});
  }
  return keys;
}

Status ReplayTransaction::Apply(SqlSession& session) {
  SLUICE_TRY(CheckFence(session));
  SLUICE_TRY(HoldTransform(session, plan_.pipeline, plan_.transform_hash));
  for (Participant* part : parts_) SLUICE_TRY(part->Apply(session, plan_.commit));
  SLUICE_TRY(Resolve(session));
  SLUICE_TRY(KeepReasons(session));
  SLUICE_TRY(MoveCounts(session));
  return InsertReceipt(session, MakeReceipt());
}

// All of them are still in the quarantine, and stay until we are done.
Status ReplayTransaction::CheckFence(SqlSession& session) {
  const std::vector<RecordKey> keys = Keys();
  const FilterSql these = WhereOf(plan_.pipeline, {.records = keys});
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query(fmt::format("SELECT count(*) FROM (SELECT 1 FROM sluice.quarantine "
                                          "AS q WHERE {} ORDER BY q.log_id, q.partition, "
                                          "q.\"offset\" FOR UPDATE) AS held",
                                          these.where),
                              these.params));
  if (IntegerOf(rows.rows.at(0).at(0)) == static_cast<int64_t>(keys.size())) return {};
  return Fail(ErrorKind::kFenced, "another replay or purge took some of these records");
}

Status ReplayTransaction::Resolve(SqlSession& session) const {
  if (plan_.resolved.empty()) return {};
  FilterSql these = WhereOf(plan_.pipeline, {.records = plan_.resolved});
  const std::string commit = these.Add(plan_.commit.value);
  SLUICE_TRY(session.Query(
      fmt::format("UPDATE sluice.quarantine AS q SET resolved_at = clock_timestamp(), resolved_by "
                  "= {}::uuid WHERE {}",
                  commit, these.where),
      these.params));
  return {};
}

// What is refused again may be refused for another reason now.
Status ReplayTransaction::KeepReasons(SqlSession& session) const {
  if (plan_.still_bad.empty()) return {};
  std::vector<int64_t> partitions, offsets;
  std::vector<std::string> reasons, fields, details;
  for (const Reject& reject : plan_.still_bad) {
    partitions.push_back(reject.id.partition.value);
    offsets.push_back(reject.id.offset.value);
    reasons.push_back(reject.reason);
    fields.push_back(EscapeControl(reject.field));
    details.push_back(EscapeControl(reject.detail));
  }
  const std::array<SqlValue, 7> params{
      plan_.pipeline,   TextOf(plan_.log.value), ArrayOf(partitions), ArrayOf(offsets),
      ArrayOf(reasons), ArrayOf(fields),         ArrayOf(details)};
  SLUICE_TRY(session.Query(
      "UPDATE sluice.quarantine AS q SET reason = w.reason, field = w.field, detail = w.detail "
      "FROM unnest($3::int[], $4::bigint[], $5::text[], $6::text[], $7::text[]) AS w (partition, "
      "\"offset\", reason, field, detail) WHERE q.pipeline = $1 AND q.log_id = $2::int AND "
      "q.partition = w.partition AND q.\"offset\" = w.\"offset\"",
      params));
  return {};
}

// From quarantined to accepted or skipped, in every sink that counted them.
Status ReplayTransaction::MoveCounts(SqlSession& session) const {
  std::vector<int64_t> partitions, ok, skipped;
  for (const StagedRange& range : plan_.ranges) {
    partitions.push_back(range.counts.range.partition.value);
    ok.push_back(range.counts.ok);
    skipped.push_back(range.counts.skipped);
  }
  const std::array<SqlValue, 6> params{plan_.pipeline,       TextOf(plan_.log.value),
                                       NamesOf(plan_.sinks), ArrayOf(partitions),
                                       ArrayOf(ok),          ArrayOf(skipped)};
  SLUICE_ASSIGN(
      const SqlRows moved,
      session.Query(
          "WITH want AS (SELECT * FROM unnest($4::int[], $5::bigint[], $6::bigint[]) AS w "
          "(partition, ok, skipped)), held AS (SELECT p.sink, p.partition FROM sluice.position AS "
          "p JOIN want USING (partition) WHERE p.pipeline = $1 AND p.log_id = $2::int AND p.sink = "
          "ANY($3::text[]) ORDER BY p.partition, p.sink FOR UPDATE OF p) UPDATE sluice.position "
          "AS p SET n_ok = n_ok + want.ok, n_skipped = n_skipped + want.skipped, n_quarantined = "
          "n_quarantined - want.ok - want.skipped FROM held JOIN want USING (partition) WHERE "
          "p.pipeline = $1 AND p.log_id = $2::int AND p.sink = held.sink AND p.partition = "
          "held.partition",
          params));
  const size_t wanted = plan_.ranges.size() * plan_.sinks.size();
  if (moved.affected != static_cast<int64_t>(wanted)) {
    return Fail(ErrorKind::kInvariant, fmt::format("a replay changed the counts of {} positions, "
                                                   "not of {}",
                                                   moved.affected, wanted));
  }
  for (const Sink sink : plan_.sinks) {
    SLUICE_TRY(CountLeftOut(session, plan_.pipeline,
                            {.commit = plan_.commit,
                             .sink = sink,
                             .log = plan_.log,
                             .ranges = plan_.ranges,
                             .quarantine = {}}));
  }
  return {};
}

Receipt ReplayTransaction::MakeReceipt() const {
  Receipt receipt{.commit = plan_.commit,
                  .pipeline = plan_.pipeline,
                  .kind = kind(),
                  .ranges = "[",
                  .snapshots = SnapshotsOf(parts_),
                  .worker = plan_.worker};
  for (const auto& [counts, epoch, left_out] : plan_.ranges) {
    receipt.ok += counts.ok;
    receipt.quarantined += counts.quarantined;
    receipt.skipped += counts.skipped;
    receipt.ranges += fmt::format(
        R"({}{{"log":{},"partition":{},"first":{},"last":{},"ok":{},"still_bad":{},"skipped":{}}})",
        receipt.ranges.size() == 1 ? "" : ",", plan_.log.value, counts.range.partition.value,
        counts.range.start.value, counts.range.end.value - 1, counts.ok, counts.quarantined,
        counts.skipped);
  }
  receipt.ranges += ']';
  return receipt;
}

Status ReplayTransaction::AwaitEnd(SqlSession& session) {
  const FilterSql first = WhereOf(
      plan_.pipeline, {.state = QuarantineFilter::State::kAny, .records = {Keys().front()}});
  SLUICE_TRY(session.Query(
      fmt::format("SELECT 1 FROM sluice.quarantine AS q WHERE {} FOR UPDATE", first.where),
      first.params));
  return {};
}

}  // namespace sluice
