#include "pipeline/maintenance_stage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "core/clock.h"
#include "core/log.h"
#include "core/pause.h"
#include "lake/s3_verdict.h"
#include "pipeline/lake_store.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

// Listing all files of a large table costs more than all the rest together. The first time comes
// sooner than a day, for runs that are restarted every night.
constexpr std::chrono::hours kFirstSweep{1};
constexpr std::chrono::hours kSweepEvery{24};
constexpr int kMaxDoublings = 4;
// On a busy machine workers come first, but not alone: files that are never compacted would slow
// them more.
constexpr int kNice = 5;

// Whether the round was another process's, or was cut short.
bool WasNotOurs(const Result<MaintainReport>& report) {
  return !report &&
         (report.error().kind == ErrorKind::kShutdown || report.error().code == kMaintenanceBusy);
}

// What went wrong and may work another time.
std::optional<Error> TroubleOf(const Result<MaintainReport>& report) {
  if (!report) return report.error();
  for (const TableMaintenance& table : report->tables) {
    if (table.skipped && table.skipped->kind == ErrorKind::kRetryable) return table.skipped;
  }
  return std::nullopt;
}

// What needs nothing needs nothing again until its pointer moves: ages count from its last change.
void NoteQuiet(const MaintainReport& report, MaintainOptions& options) {
  for (const TableMaintenance& table : report.tables) {
    const bool again = table.skipped && table.skipped->kind == ErrorKind::kRetryable;
    if (table.commits > 0 || again) continue;
    options.quiet[table.table] = {
        .table = table.table, .pointer = table.pointer, .skipped = table.skipped};
  }
}

}  // namespace

MaintenanceStage::MaintenanceStage(const Spec& spec, SqlDatabase& database,
                                   std::function<void(const Result<MaintainReport>&)> on_result)
    : spec_(spec),
      database_(database),
      on_result_(std::move(on_result)),
      thread_([this](std::stop_token stop) { Loop(stop); }) {}

// A worker's key needs no right to remove; without it compaction would only add files.
Result<MaintainReport> MaintenanceStage::Round(const MaintainOptions& options) {
  SLUICE_ASSIGN(const auto store, MakeLakeStore(spec_, options.stop));
  if (!may_remove_) SLUICE_TRY(CheckLakeRemoval(spec_, *store));
  may_remove_ = true;
  return MaintainLake(spec_, database_, *store, options);
}

void MaintenanceStage::Refuse(Error error) const {
  error.hint = "allow the key s3:DeleteObject, or leave it to `sluice maintain` with another";
  LogError("the lake is not maintained by this run: objects may not be removed", error);
  on_result_(Fail(std::move(error)));
}

void MaintenanceStage::Loop(const std::stop_token& stop) {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  MaintainOptions options{.limits = spec_.maintenance, .thorough = false, .stop = stop};
  SteadyTime sweep_at = Now() + kFirstSweep;
  int failures = 0;  // in a row
  while (PauseFor(milliseconds(spec_.maintenance.every_ms << std::min(failures, kMaxDoublings)),
                  stop)) {
    options.sweep = Now() >= sweep_at;
    const auto report = Round(options);
    if (WasNotOurs(report)) continue;
    if (!may_remove_ && !report && report.error().code == kStoreRefused) {
      return Refuse(report.error());
    }
    if (options.sweep) sweep_at = Now() + kSweepEvery;
    const auto trouble = TroubleOf(report);
    if (trouble && failures == 0) {
      LogError("the lake's maintenance failed; the run goes on", *trouble);
    }
    if (!trouble && failures > 0) Log(LogLevel::kInfo, "the lake's maintenance works again");
    failures = trouble ? failures + 1 : 0;
    if (report) NoteQuiet(*report, options);
    on_result_(report);
  }
}

}  // namespace sluice
