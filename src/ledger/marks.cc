#include "ledger/marks.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "ledger/mutant.h"

namespace sluice {
namespace {

// The staged ranges as columns, for unnest.
struct Columns {
  std::vector<int64_t> partition, start, past, epoch, ok, quarantined, skipped;

  explicit Columns(const Staged& staged) {
    for (const auto& [counts, claim, left_out] : staged.ranges) {
      partition.push_back(counts.range.partition.value);
      start.push_back(counts.range.start.value);
      past.push_back(counts.range.end.value);
      epoch.push_back(claim.value);
      ok.push_back(counts.ok);
      quarantined.push_back(counts.quarantined);
      skipped.push_back(counts.skipped);
    }
  }
};

std::unexpected<Error> Fenced(const SqlValue& partition) {
  return Fail(ErrorKind::kFenced,
              fmt::format("another worker owns partition {}", partition.value_or("?")));
}

// What S3 asks and S8 rests on: the claim is still ours, and the mark is where this range starts.
std::string_view Fence() {
  return kMutant == Mutant::kBlindRetry
             ? "mine.owner_epoch = want.epoch"
             : "mine.owner_epoch = want.epoch AND mine.next_offset = want.start";
}

std::string_view MoveFence() {
  return kMutant == Mutant::kNoPredicate ? "true" : Fence();
}

constexpr std::string_view kCheckFence = R"(
SELECT want.partition
  FROM unnest($4::int[], $5::bigint[], $6::bigint[]) AS want (partition, epoch, start)
  LEFT JOIN sluice.position AS mine
    ON mine.pipeline = $1 AND mine.sink = $2 AND mine.log_id = $3::int
   AND mine.partition = want.partition AND {}
 WHERE mine.partition IS NULL ORDER BY 1 LIMIT 1)";

// `held` locks in order; an UPDATE alone would lock in the order of its plan. A row is updated only
// after `held` gave it, and PostgreSQL tests the fence again on what the wait for it has left.
constexpr std::string_view kMoveMarks = R"(
WITH want AS (
  SELECT * FROM unnest($4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $9::bigint[],
                       $10::bigint[], $11::bigint[])
             AS want (partition, start, past, epoch, ok, quarantined, skipped)),
held AS (
  SELECT mine.partition FROM sluice.position AS mine JOIN want USING (partition)
   WHERE mine.pipeline = $1 AND mine.sink = $2 AND mine.log_id = $3::int
   ORDER BY mine.partition FOR NO KEY UPDATE OF mine),
moved AS (
  UPDATE sluice.position AS mine
     SET next_offset = want.past, last_commit = $8::uuid, n_ok = n_ok + want.ok,
         n_quarantined = n_quarantined + want.quarantined, n_skipped = n_skipped + want.skipped,
         owner_pid = pg_backend_pid(), updated_at = clock_timestamp()
    FROM held JOIN want USING (partition)
   WHERE mine.pipeline = $1 AND mine.sink = $2 AND mine.log_id = $3::int
     AND mine.partition = held.partition AND {}
     AND ($2 <> 'lake' OR NOT EXISTS (
           SELECT 1 FROM sluice.position AS ahead
            WHERE ahead.pipeline = $1 AND ahead.sink = 'warehouse' AND ahead.log_id = $3::int
              AND ahead.partition = want.partition AND ahead.next_offset < want.past))
  RETURNING mine.partition)
SELECT (SELECT count(*) FROM moved),
       (SELECT min(partition) FROM want WHERE partition NOT IN (SELECT partition FROM moved)))";

constexpr std::string_view kCountLeftOut = R"(
INSERT INTO sluice.left_out AS old (pipeline, sink, log_id, partition, table_name, n)
SELECT $1, $2, $3::int, partition, table_name, n
  FROM unnest($4::int[], $5::text[], $6::bigint[]) AS fresh (partition, table_name, n)
 ORDER BY partition, table_name
ON CONFLICT (pipeline, sink, log_id, partition, table_name) DO UPDATE SET n = old.n + excluded.n)";

}  // namespace

Status CheckFence(SqlSession& session, const std::string& pipeline, const Staged& staged) {
  const Columns want(staged);
  const std::array<SqlValue, 6> params{pipeline,
                                       std::string(Name(staged.sink)),
                                       TextOf(staged.log.value),
                                       ArrayOf(want.partition),
                                       ArrayOf(want.epoch),
                                       ArrayOf(want.start)};
  SLUICE_ASSIGN(const SqlRows fenced, session.Query(fmt::format(kCheckFence, Fence()), params));
  if (fenced.rows.empty() || IgnoresFence(staged.sink)) return {};
  return Fenced(fenced.rows[0].at(0));
}

Status MoveMarks(SqlSession& session, const std::string& pipeline, const Staged& staged) {
  const Columns want(staged);
  const std::array<SqlValue, 11> params{pipeline,
                                        std::string(Name(staged.sink)),
                                        TextOf(staged.log.value),
                                        ArrayOf(want.partition),
                                        ArrayOf(want.start),
                                        ArrayOf(want.past),
                                        ArrayOf(want.epoch),
                                        staged.commit.value,
                                        ArrayOf(want.ok),
                                        ArrayOf(want.quarantined),
                                        ArrayOf(want.skipped)};
  SLUICE_ASSIGN(const SqlRows moved, session.Query(fmt::format(kMoveMarks, MoveFence()), params));
  const SqlRow& row = moved.rows.at(0);
  if (row.at(0) == TextOf(static_cast<int64_t>(staged.ranges.size()))) return {};
  if (IgnoresFence(staged.sink)) return {};
  return Fenced(row.at(1));
}

Status CountLeftOut(SqlSession& session, const std::string& pipeline, const Staged& staged) {
  std::vector<int64_t> partitions, counts;
  std::vector<std::string> tables;
  for (const auto& range : staged.ranges) {
    for (const auto& [table, rows] : range.left_out) {
      if (rows == 0) continue;
      partitions.push_back(range.counts.range.partition.value);
      tables.push_back(table);
      counts.push_back(rows);
    }
  }
  if (counts.empty()) return {};
  const std::array<SqlValue, 6> params{pipeline,
                                       std::string(Name(staged.sink)),
                                       TextOf(staged.log.value),
                                       ArrayOf(partitions),
                                       ArrayOf(tables),
                                       ArrayOf(counts)};
  SLUICE_TRY(session.Query(kCountLeftOut, params));
  return {};
}

}  // namespace sluice
