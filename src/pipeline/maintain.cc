#include "pipeline/maintain.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/log.h"
#include "core/text.h"
#include "lake/catalog.h"
#include "lake/stoppable_store.h"
#include "ledger/maintenance_lock.h"
#include "ledger/receipt.h"
#include "ledger/schema.h"
#include "pipeline/scratch.h"

namespace sluice {
namespace {

Status TakeTurn(SqlSession& session, const std::string& pipeline) {
  SLUICE_ASSIGN(const bool ours, TryHoldMaintenance(session, pipeline, MaintenanceLock::kAlone));
  if (ours) return {};
  return Fail(ErrorKind::kRetryable, "another process maintains this lake now", "wait for its end",
              std::string(kMaintenanceBusy));
}

std::vector<TableName> TablesOf(const Spec& spec) {
  std::vector<TableName> tables{spec.bronze.table};
  for (const SilverSpec& silver : spec.silver) tables.push_back(silver.table);
  return tables;
}

Result<std::vector<TableName>> Choose(const Spec& spec, const std::vector<TableName>& wanted) {
  const std::vector<TableName> own = TablesOf(spec);
  for (const TableName& table : wanted) {
    if (std::find(own.begin(), own.end(), table) != own.end()) continue;
    std::vector<std::string> names;
    for (const TableName& name : own) names.push_back(name.Full());
    return Fail(ErrorKind::kUsage,
                fmt::format("{} is no lake table of this pipeline", table.Full()),
                "it has " + Join(names, ", "));
  }
  return wanted.empty() ? own : wanted;
}

// A right that is missing in an older installation costs disk, not the maintenance.
Result<int64_t> PruneOld(SqlSession& session, const Spec& spec, const MaintainOptions& options) {
  auto pruned =
      PruneReceipts(session, spec.pipeline, options.limits.receipts_after_ms, options.dry_run);
  if (pruned || pruned.error().code != "42501") return pruned;
  Log(LogLevel::kDebug, "old receipts stay", {{"error", pruned.error().message}});
  return 0;
}

}  // namespace

Result<MaintainReport> MaintainLake(const Spec& spec, SqlDatabase& database, ObjectStore& store,
                                    const MaintainOptions& options) {
  SLUICE_ASSIGN(const auto tables, Choose(spec, options.tables));
  SLUICE_ASSIGN(const auto session, database.Connect("sluice-maintain:" + spec.pipeline));
  SLUICE_TRY(TakeTurn(*session, spec.pipeline));
  MaintainReport report{.dry_run = options.dry_run};
  SLUICE_ASSIGN(const bool ran, HasLedgerTables(*session));
  if (!ran) return report;
  const std::string worker = fmt::format("maintain-{}", getpid());
  Committer committer(database,
                      {.pipeline = spec.pipeline, .worker = worker, .program = "sluice-maintain"},
                      [](const std::string&) {});
  const ScratchFolder scratch(spec.StateFolder());
  StoppableStore stoppable(store, options.stop);
  for (const TableName& table : tables) {
    SLUICE_ASSIGN(const auto pointer, FindPointer(*session, spec.lake.catalog, table));
    if (!pointer) continue;  // nothing was written to it yet
    const auto quiet = options.quiet.find(table.Full());
    if (!options.sweep && quiet != options.quiet.end() && quiet->second.pointer == *pointer) {
      report.tables.push_back(quiet->second);
      continue;
    }
    TableMaintainer maintainer(spec, {*session, committer, stoppable, scratch.path(), worker},
                               options, table, *pointer);
    SLUICE_ASSIGN(TableMaintenance done, maintainer.Run());
    report.tables.push_back(std::move(done));
  }
  if (options.sweep) {
    SLUICE_ASSIGN(report.receipts, PruneOld(*session, spec, options));
  }
  return report;
}

}  // namespace sluice
