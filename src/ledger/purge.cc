#include "ledger/purge.h"

#include <fmt/format.h>

#include "ledger/schema.h"

namespace sluice {
namespace {

// A worker whose lake still has to pass a record learns from the quarantine to keep it out.
std::string PassedBy(const std::string& sinks) {
  return fmt::format(
      "q.\"offset\" < (SELECT min(p.next_offset) FROM sluice.position AS p WHERE p.pipeline = $1 "
      "AND p.sink = ANY({}::text[]) AND p.log_id = q.log_id AND p.partition = q.partition)",
      sinks);
}

// Deletes and counts in one go; positions are locked in order, then counted up. $1 pipeline.
constexpr std::string_view kDelete = R"(
WITH old AS (
  SELECT q.log_id, q.partition, q."offset" FROM sluice.quarantine AS q
   WHERE {where} AND {passed} ORDER BY 1, 2, 3 LIMIT {limit} FOR UPDATE),
gone AS (
  DELETE FROM sluice.quarantine AS q USING old
   WHERE q.pipeline = $1 AND q.log_id = old.log_id AND q.partition = old.partition
     AND q."offset" = old."offset"
  RETURNING q.log_id, q.partition, q."offset", q.resolved_at),
want AS (
  SELECT p.sink, p.log_id, p.partition, count(*) AS n
    FROM sluice.position AS p JOIN gone USING (log_id, partition)
   WHERE p.pipeline = $1 AND gone.resolved_at IS NULL AND gone."offset" >= p.start_offset
   GROUP BY 1, 2, 3),
held AS (
  SELECT p.log_id, p.partition, p.sink, want.n
    FROM sluice.position AS p JOIN want USING (sink, log_id, partition)
   WHERE p.pipeline = $1 ORDER BY 1, 2, 3 FOR UPDATE OF p),
counted AS (
  UPDATE sluice.position AS p SET n_purged = n_purged + held.n FROM held
   WHERE p.pipeline = $1 AND p.sink = held.sink AND p.log_id = held.log_id
     AND p.partition = held.partition)
SELECT count(resolved_at), count(*) - count(resolved_at) FROM gone)";

std::string SinksOf(FilterSql& sql, const std::vector<Sink>& sinks) {
  std::vector<std::string> names;
  for (const Sink sink : sinks) names.emplace_back(Name(sink));
  return sql.Add(ArrayOf(names));
}

}  // namespace

Result<PurgeCounts> RecordPurge::Count(SqlSession& session) const {
  FilterSql chosen = WhereOf(pipeline_, filter_);
  const std::string passed = PassedBy(SinksOf(chosen, sinks_));
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(fmt::format("SELECT count(*) FILTER (WHERE resolved), count(*) FILTER (WHERE "
                                "NOT resolved AND passed), count(*) FILTER (WHERE NOT passed) FROM "
                                "(SELECT q.resolved_at IS NOT NULL AS resolved, {} AS passed FROM "
                                "sluice.quarantine AS q WHERE {}) AS chosen",
                                passed, chosen.where),
                    chosen.params));
  const SqlRow& row = rows.rows.at(0);
  return PurgeCounts{IntegerOf(row[0]), IntegerOf(row[1]), IntegerOf(row[2])};
}

Result<PurgeCounts> RecordPurge::Delete(SqlSession& session, int64_t limit) const {
  FilterSql chosen = WhereOf(pipeline_, filter_);
  const std::string passed = PassedBy(SinksOf(chosen, sinks_));
  const std::string sql = fmt::format(kDelete, fmt::arg("where", chosen.where),
                                      fmt::arg("passed", passed), fmt::arg("limit", limit));
  PurgeCounts counts;
  SLUICE_TRY(InTransaction(session, [&]() -> Status {
    SLUICE_ASSIGN(const SqlRows rows, session.Query(sql, chosen.params));
    counts.resolved = IntegerOf(rows.rows.at(0).at(0));
    counts.unresolved = IntegerOf(rows.rows.at(0).at(1));
    return {};
  }));
  return counts;
}

}  // namespace sluice
