#include "ledger/claims.h"

#include <algorithm>
#include <array>

#include "core/log.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"

namespace sluice {
namespace {

// What a claim that waits too long for a row gets.
constexpr std::string_view kLockTimeout = "55P03";

// All lock position rows in the order of partition and sink, as commits do (marks.h).
constexpr std::string_view kInsert = R"(
INSERT INTO sluice.position (pipeline, sink, log_id, partition, start_offset, next_offset)
SELECT $1, sink, $2::int, want.partition, coalesce(known.next, want.start),
       coalesce(known.next, want.start)
  FROM unnest($3::int[], $4::bigint[]) AS want (partition, start)
 CROSS JOIN unnest($5::text[]) AS sink
  LEFT JOIN LATERAL (
       SELECT max(next_offset) AS next FROM sluice.position AS other
        WHERE other.pipeline = $1 AND other.log_id = $2::int
          AND other.partition = want.partition) AS known ON true
 ORDER BY want.partition, sink
ON CONFLICT DO NOTHING)";

constexpr std::string_view kBump = R"(
WITH held AS (
  SELECT partition, sink FROM sluice.position
   WHERE pipeline = $1 AND log_id = $2::int AND partition = ANY ($3::int[])
   ORDER BY partition, sink FOR NO KEY UPDATE)
UPDATE sluice.position AS mine
   SET owner_epoch = owner_epoch + 1, owner = $4, owner_pid = pg_backend_pid(), stopped = NULL
  FROM held
 WHERE mine.pipeline = $1 AND mine.log_id = $2::int
   AND mine.partition = held.partition AND mine.sink = held.sink
RETURNING mine.partition, mine.sink, start_offset, next_offset, owner_epoch)";

constexpr std::string_view kKeptOut = R"(
SELECT q.partition, q."offset"
  FROM unnest($3::int[], $4::bigint[], $5::bigint[]) AS want (partition, first, past)
  JOIN sluice.quarantine AS q
    ON q.pipeline = $1 AND q.log_id = $2::int AND q.partition = want.partition
   AND q."offset" >= want.first AND q."offset" < want.past
 ORDER BY 1, 2)";

// An application name is cut at 63 bytes, so a worker's may be shorter than what it stands for. A
// worker that connected anew is known by its name until its next commit tells its pid.
constexpr std::string_view kZombies = R"(
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE pid <> pg_backend_pid() AND datname = current_database()
   AND starts_with(application_name, $2)
   AND xact_start < clock_timestamp() - interval '10 seconds'
   AND NOT EXISTS (SELECT 1 FROM sluice.position
                    WHERE pipeline = $1
                      AND (owner_pid = pid OR starts_with($2 || owner, application_name))))";

PartitionId PartitionOf(const SqlValue& value) {
  return PartitionId{static_cast<int32_t>(IntegerOf(value))};
}

Result<std::map<PartitionId, Claim>> BumpEpochs(SqlSession& session, const Claimant& claimant,
                                                const std::map<PartitionId, Offset>& partitions) {
  std::vector<int64_t> numbers;
  for (const auto& [partition, start] : partitions) numbers.push_back(partition.value);
  const std::array<SqlValue, 4> params{claimant.pipeline, TextOf(claimant.log.value),
                                       ArrayOf(numbers), claimant.worker};
  SLUICE_ASSIGN(const SqlRows rows, session.Query(kBump, params));
  std::map<PartitionId, Claim> claims;
  for (const auto& row : rows.rows) {
    const PartitionId partition = PartitionOf(row.at(0));
    const Sink sink = row.at(1) == Name(Sink::kLake) ? Sink::kLake : Sink::kWarehouse;
    // A sink that the pipeline no longer has is fenced too, but is nobody's work.
    if (std::ranges::find(claimant.sinks, sink) == claimant.sinks.end()) continue;
    Claim& claim = claims.try_emplace(partition, Claim{partition, {}}).first->second;
    claim.positions[sink] = {Offset{IntegerOf(row.at(2))}, Offset{IntegerOf(row.at(3))},
                             Epoch{IntegerOf(row.at(4))}};
  }
  return claims;
}

Status FindKeptOut(SqlSession& session, const Claimant& claimant,
                   std::map<PartitionId, Claim>& claims) {
  std::vector<int64_t> numbers, firsts, pasts;
  for (const auto& [partition, claim] : claims) {
    if (claim.positions.size() < 2) continue;
    numbers.push_back(partition.value);
    firsts.push_back(claim.positions.at(Sink::kLake).next.value);
    pasts.push_back(claim.positions.at(Sink::kWarehouse).next.value);
  }
  const std::array<SqlValue, 5> params{claimant.pipeline, TextOf(claimant.log.value),
                                       ArrayOf(numbers), ArrayOf(firsts), ArrayOf(pasts)};
  SLUICE_ASSIGN(const SqlRows rows, session.Query(kKeptOut, params));
  for (const auto& row : rows.rows) {
    claims.at(PartitionOf(row.at(0))).kept_out.push_back(Offset{IntegerOf(row.at(1))});
  }
  return {};
}

}  // namespace

Offset Claim::ResumeAt() const {
  Offset least{INT64_MAX};
  for (const auto& [sink, position] : positions) least = std::min(least, position.next);
  return least;
}

Status StartPartitions(SqlSession& session, const Claimant& claimant,
                       const std::map<PartitionId, Offset>& partitions) {
  std::vector<int64_t> numbers, starts;
  for (const auto& [partition, start] : partitions) {
    numbers.push_back(partition.value);
    starts.push_back(start.value);
  }
  std::vector<std::string> sinks;
  for (const Sink sink : claimant.sinks) sinks.emplace_back(Name(sink));
  const std::array<SqlValue, 5> params{claimant.pipeline, TextOf(claimant.log.value),
                                       ArrayOf(numbers), ArrayOf(starts), ArrayOf(sinks)};
  SLUICE_TRY(session.Query(kInsert, params));
  return {};
}

Result<std::vector<Claim>> ClaimPartitions(SqlSession& session, const Claimant& claimant,
                                           const std::map<PartitionId, Offset>& partitions) {
  std::map<PartitionId, Claim> claims;
  const Status claimed = InTransaction(session, [&]() -> Status {
    if (!claimant.transform_hash.empty()) {
      SLUICE_TRY(HoldTransform(session, claimant.pipeline, claimant.transform_hash));
    }
    SLUICE_TRY(StartPartitions(session, claimant, partitions));
    SLUICE_ASSIGN(claims, BumpEpochs(session, claimant, partitions));
    return FindKeptOut(session, claimant, claims);
  });
  // Also after a wait in vain: who stood in the way may be a zombie.
  if (!claimed && claimed.error().code != kLockTimeout) return Fail(claimed.error());
  SLUICE_TRY(TerminateZombies(session, claimant.pipeline));
  if (!claimed) return Fail(claimed.error());
  std::vector<Claim> list;
  for (auto& [partition, claim] : claims) list.push_back(std::move(claim));
  return list;
}

Result<int64_t> TerminateZombies(SqlSession& session, const std::string& pipeline) {
  const std::array<SqlValue, 2> params{pipeline, "sluice:" + pipeline + ":"};
  SLUICE_ASSIGN(const SqlRows rows, session.Query(kZombies, params));
  for (const auto& row : rows.rows) {
    Log(LogLevel::kWarn, "ended the session of a fenced worker", {{"pid", row.at(0).value_or("")}});
  }
  return static_cast<int64_t>(rows.rows.size());
}

}  // namespace sluice
