#include "pipeline/rebuild_basis.h"

#include <fmt/format.h>

#include <array>
#include <map>

#include "core/clock.h"
#include "core/pause.h"
#include "core/text.h"
#include "ledger/ledger.h"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kAskAgain{500};
constexpr int64_t kPatienceMs = 60'000;  // beyond two cadences of the lake
constexpr int64_t kBetweenLivesMs = 6'000;

// All that `body` reads belongs to one instant.
template <typename Body>
Status InSnapshot(SqlSession& session, Body&& body) {
  SLUICE_TRY(session.Query("BEGIN ISOLATION LEVEL REPEATABLE READ"));
  Status done = body();
  if (session.IsAlive()) SLUICE_TRY(session.Query("ROLLBACK"));
  return done;
}

// The first position where the lake stands behind; nothing when there is none.
std::optional<std::string> FindBehind(const std::vector<RebuildMark>& warehouse,
                                      const std::vector<RebuildMark>& lake) {
  std::map<std::pair<LogId, PartitionId>, Offset> marks;
  for (const RebuildMark& mark : lake) marks[{mark.log, mark.partition}] = mark.next;
  for (const RebuildMark& mark : warehouse) {
    const auto found = marks.find({mark.log, mark.partition});
    if (found != marks.end() && found->second >= mark.next) continue;
    const int64_t at = found == marks.end() ? 0 : found->second.value;
    return fmt::format("log {} partition {}: the lake at {}, the warehouse at {}", mark.log.value,
                       mark.partition.value, at, mark.next.value);
  }
  return std::nullopt;
}

Result<bool> HasWorkers(SqlSession& session, const std::string& pipeline) {
  const std::array<SqlValue, 1> params{"sluice:" + pipeline + ":"};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
                              "AND starts_with(application_name, left($1, 63)) LIMIT 1",
                              params));
  return !rows.rows.empty();
}

}  // namespace

int64_t RebuildBasis::BronzeRows() const {
  int64_t rows = 0;
  for (const LiveFile& file : bronze_files) rows += file.record_count;
  return rows;
}

Status ReadWarehouseSide(SqlSession& session, const Spec& spec, const SilverSpec& silver,
                         const std::string& hash, RebuildBasis& basis) {
  return InSnapshot(session, [&]() -> Status {
    SLUICE_TRY(HoldTransform(session, spec.pipeline, hash));
    SLUICE_ASSIGN(basis.interventions, ReadInterventions(session, spec.pipeline));
    if (!silver.warehouse) return {};
    SLUICE_ASSIGN(basis.warehouse,
                  ReadRebuildMarks(session, spec.pipeline, Sink::kWarehouse, silver.table.Full()));
    return {};
  });
}

Status AwaitLake(SqlSession& session, const Spec& spec, const RebuildBasis& basis,
                 const OpenOptions& waiting) {
  const SteadyTime start = Now();
  SteadyTime moved = start;
  for (;;) {
    SLUICE_ASSIGN(const auto lake,
                  ReadRebuildMarks(session, spec.pipeline, Sink::kLake, std::string()));
    const auto behind = FindBehind(basis.warehouse, lake);
    waiting.on_wait(behind ? "waiting for the lake's next commit: " + *behind : "");
    if (!behind) return {};
    const std::string apart = "lake and warehouse stand at different marks: " + *behind;
    SLUICE_ASSIGN(const bool moves, HasWorkers(session, spec.pipeline));
    if (moves) moved = Now();
    if (ElapsedMs(moved) > kBetweenLivesMs) {
      return Fail(ErrorKind::kInvalidConfig, apart,
                  "no run is going on that could move them: `sluice run --once` makes them equal");
    }
    if (ElapsedMs(start) > 2 * spec.lake.every_ms + kPatienceMs) {
      return Fail(
          ErrorKind::kRetryable, apart,
          "the lake does not catch up; `sluice status` says whether a partition is stopped");
    }
    if (!PauseFor(kAskAgain, waiting.stop)) {
      return Fail(ErrorKind::kShutdown, "stopped; nothing was changed");
    }
  }
}

Status ReadLakeSide(SqlSession& session, Services& services, const Spec& spec,
                    const SilverSpec& silver, const std::string& hash, RebuildBasis& basis) {
  SLUICE_TRY(InSnapshot(session, [&]() -> Status {
    SLUICE_TRY(HoldTransform(session, spec.pipeline, hash));
    SLUICE_ASSIGN(basis.lake,
                  ReadRebuildMarks(session, spec.pipeline, Sink::kLake, silver.table.Full()));
    SLUICE_ASSIGN(basis.bronze,
                  LoadLakeTable(session, spec.lake.catalog, spec.bronze.table, *services.store));
    auto table = LoadLakeTable(session, spec.lake.catalog, silver.table, *services.store);
    if (!table && table.error().code != kNotFound) return Fail(table.error());
    if (table) basis.silver = *std::move(table);
    return {};
  }));
  if (basis.bronze.current) {
    SLUICE_ASSIGN(basis.bronze_files,
                  ListLiveFiles(*basis.bronze.current, basis.bronze, *services.store));
  }
  if (basis.silver && basis.silver->current) {
    SLUICE_ASSIGN(basis.silver_files,
                  ListLiveFiles(*basis.silver->current, *basis.silver, *services.store));
  }
  return {};
}

}  // namespace sluice
