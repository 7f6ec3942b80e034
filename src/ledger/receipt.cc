#include "ledger/receipt.h"

#include <fmt/format.h>

#include <array>

#include "core/text.h"
#include "ledger/mutant.h"

namespace sluice {
namespace {

constexpr int64_t kPrunedAtATime = 10'000;  // each a transaction of its own

constexpr std::string_view kInsert =
    "INSERT INTO sluice.commit (commit_id, pipeline, sink, ranges, n_ok, n_quarantined, n_skipped, "
    "snapshots, worker) VALUES ($1::uuid, $2, $3, $4::jsonb, $5::bigint, $6::bigint, $7::bigint, "
    "$8::jsonb, $9){}";
// The receipt's key alone would refuse a blind retry.
std::string_view OnConflict() {
  return kMutant == Mutant::kBlindRetry ? " ON CONFLICT DO NOTHING" : "";
}

std::string AsJson(const std::map<std::string, int64_t>& snapshots) {
  std::string json = "{";
  for (const auto& [table, snapshot] : snapshots) {
    if (json.size() > 1) json += ',';
    json += JsonQuote(table) + ":" + std::to_string(snapshot);
  }
  return json + "}";
}

}  // namespace

Status InsertReceipt(SqlSession& session, const Receipt& receipt) {
  const std::array<SqlValue, 9> params{
      receipt.commit.value,    receipt.pipeline,          std::string(receipt.kind),
      receipt.ranges,          TextOf(receipt.ok),        TextOf(receipt.quarantined),
      TextOf(receipt.skipped), AsJson(receipt.snapshots), receipt.worker};
  SLUICE_TRY(session.Query(fmt::format(kInsert, OnConflict()), params));
  return {};
}

Result<bool> HasReceipt(SqlSession& session, const CommitId& commit) {
  const std::array<SqlValue, 1> params{commit.value};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query("SELECT 1 FROM sluice.commit WHERE commit_id = $1::uuid", params));
  return !rows.rows.empty();
}

Result<int64_t> PruneReceipts(SqlSession& session, const std::string& pipeline, int64_t age_ms,
                              bool dry_run) {
  constexpr std::string_view kOld =
      "FROM sluice.commit AS c WHERE c.pipeline = $1 AND c.at < now() - $2::bigint * interval '1 "
      "millisecond' AND NOT EXISTS (SELECT 1 FROM sluice.position AS p WHERE p.last_commit = "
      "c.commit_id)";
  const std::array<SqlValue, 2> params{pipeline, TextOf(age_ms)};
  if (dry_run) {
    SLUICE_ASSIGN(const SqlRows rows,
                  session.Query(fmt::format("SELECT count(*) {}", kOld), params));
    return IntegerOf(rows.rows.at(0).at(0));
  }
  int64_t gone = 0;
  for (int64_t some = kPrunedAtATime; some == kPrunedAtATime; gone += some) {
    SLUICE_ASSIGN(const SqlRows rows,
                  session.Query(fmt::format("DELETE FROM sluice.commit WHERE commit_id IN (SELECT "
                                            "c.commit_id {} LIMIT {})",
                                            kOld, kPrunedAtATime),
                                params));
    some = rows.affected;
  }
  return gone;
}

std::map<std::string, int64_t> SnapshotsOf(std::span<Participant* const> parts) {
  std::map<std::string, int64_t> all;
  for (const Participant* part : parts) {
    for (const auto& [table, snapshot] : part->Snapshots()) all[table] = snapshot;
  }
  return all;
}

}  // namespace sluice
