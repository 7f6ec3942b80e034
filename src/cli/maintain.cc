#include "pipeline/maintain.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/waiting.h"
#include "config/units.h"
#include "core/pause.h"
#include "core/text.h"
#include "pipeline/lake_store.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kAskAgain{500};
constexpr int64_t kHourMs = 3'600'000;

Result<TableName> ParseName(const std::string& text) {
  const size_t dot = text.rfind('.');
  if (dot != std::string::npos && dot > 0 && dot + 1 < text.size()) {
    return TableName{text.substr(0, dot), text.substr(dot + 1)};
  }
  return Fail(ErrorKind::kUsage, fmt::format("`{}` names no table", text),
              "give it as namespace.name, such as raw.books");
}

Status ReadAge(const std::string& flag, const std::string& text, int64_t least_ms, int64_t& to) {
  if (text.empty()) return {};
  const auto age = ParseDuration(text);
  if (!age) {
    return Fail(ErrorKind::kUsage,
                fmt::format("{} must be a duration: {}", flag, age.error().message),
                "write a whole number and s, m, h or d, such as 12h");
  }
  to = *age;
  if (*age >= least_ms) return {};
  return Fail(ErrorKind::kUsage, fmt::format("{} must be {} h at least", flag, least_ms / kHourMs),
              "files of a commit that waits for a service have nothing but their age to protect "
              "them");
}

Status ReadLimits(const MaintainArgs& args, MaintenanceSpec& limits) {
  if (args.keep_snapshots > 0) limits.keep_snapshots = args.keep_snapshots;
  SLUICE_TRY(ReadAge("--snapshot-age", args.snapshot_age, 0, limits.snapshot_age_ms));
  SLUICE_TRY(ReadAge("--orphans-after", args.orphans_after, kHourMs, limits.orphans_after_ms));
  return ReadAge("--receipts-after", args.receipts_after, 24 * kHourMs, limits.receipts_after_ms);
}

std::string FromTo(int64_t before, int64_t after) {
  return before == after ? WithThousands(before)
                         : fmt::format("{} → {}", WithThousands(before), WithThousands(after));
}

// A dry run cannot count what others would have left; it says what it would take and make.
std::string Files(const TableMaintenance& table, bool dry_run) {
  const int64_t after = table.files_before - table.compacted_files + table.written_files;
  return FromTo(table.files_before, dry_run ? after : table.files_after);
}

std::string AsText(const MaintainReport& report) {
  std::vector<std::vector<std::string>> rows;
  std::string remarks;
  int64_t objects = report.receipts;
  for (const TableMaintenance& table : report.tables) {
    rows.push_back(
        {table.table, Files(table, report.dry_run), Bytes(table.compacted_bytes),
         FromTo(table.manifests_before, table.manifests_after),
         FromTo(table.snapshots_before, table.snapshots_before - table.snapshots_expired),
         WithThousands(table.deleted_objects),
         fmt::format("{} ({})", WithThousands(table.orphans), Bytes(table.orphan_bytes))});
    objects += table.commits + table.deleted_objects + table.orphans + table.compacted_files +
               table.snapshots_expired;
    if (table.skipped) {
      remarks += fmt::format("{}: {}\n", table.table, EscapeControl(table.skipped->message));
    }
  }
  if (rows.empty()) return "there is nothing in the lake yet: start `sluice run`\n";
  std::string text =
      Table({"TABLE", "FILES", "REWRITTEN", "MANIFESTS", "SNAPSHOTS", "DELETED", "ORPHANS"}, rows);
  if (report.receipts > 0) {
    text += fmt::format("{} old receipts of commits\n", WithThousands(report.receipts));
  }
  if (report.dry_run && objects > 0) text += "nothing was changed: this was a dry run\n";
  return text + remarks;
}

json AsJson(const MaintainReport& report) {
  json tables = json::array();
  for (const TableMaintenance& table : report.tables) {
    tables.push_back({{"table", table.table},
                      {"files_before", table.files_before},
                      {"files_after", report.dry_run ? table.files_before - table.compacted_files +
                                                           table.written_files
                                                     : table.files_after},
                      {"bytes_before", table.bytes_before},
                      {"bytes_after", table.bytes_after},
                      {"manifests_before", table.manifests_before},
                      {"manifests_after", table.manifests_after},
                      {"compacted_files", table.compacted_files},
                      {"compacted_bytes", table.compacted_bytes},
                      {"written_files", table.written_files},
                      {"snapshots_before", table.snapshots_before},
                      {"snapshots_expired", table.snapshots_expired},
                      {"objects_deleted", table.deleted_objects},
                      {"orphans_deleted", table.orphans},
                      {"orphan_bytes", table.orphan_bytes},
                      {"commits", table.commits},
                      {"skipped", table.skipped ? json(table.skipped->message) : json(nullptr)}});
  }
  return {{"dry_run", report.dry_run}, {"tables", tables}, {"receipts_deleted", report.receipts}};
}

// A table that sluice is not made for is no failure; one that is broken is.
int ExitCodeOf(const MaintainReport& report) {
  for (const TableMaintenance& table : report.tables) {
    if (table.skipped && table.skipped->kind != ErrorKind::kInvalidConfig) {
      return ExitCode(table.skipped->kind);
    }
  }
  return 0;
}

void Show(ProgressLine& line, Pace& pace, const MaintenanceProgress& progress) {
  std::string text = fmt::format("{}: {}", progress.table, progress.step);
  if (progress.total == 0) return line.Show(text);
  text += fmt::format(" {} of {}", Bytes(progress.done), Bytes(progress.total));
  const double rate = pace.Note(progress.done, progress.total);
  if (rate > 0) text += fmt::format("  {}/s", Bytes(static_cast<int64_t>(rate)));
  line.Show(text, progress.done, progress.total);
}

// Waits for a turn that another process has, such as a run's in the background.
Result<MaintainReport> RunInTurn(const Spec& spec, Services& services,
                                 const MaintainOptions& options, ProgressLine& line,
                                 int64_t wait_s) {
  const SteadyTime until = Now() + std::chrono::seconds(wait_s);
  for (;;) {
    auto report = MaintainLake(spec, *services.database, *services.store, options);
    if (report || report.error().code != kMaintenanceBusy || Now() >= until) return report;
    line.Show("another process maintains this lake; waiting");
    if (!PauseFor(kAskAgain, options.stop)) return Fail(ErrorKind::kShutdown, "stopped");
  }
}

}  // namespace

int Maintain(const CommonArgs& common, const MaintainArgs& args) {
  MaintainOptions options{.dry_run = args.dry_run};
  for (const std::string& text : args.tables) {
    auto name = ParseName(text);
    if (!name) return Failed(common, name.error());
    options.tables.push_back(*std::move(name));
  }
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  options.limits = spec->maintenance;
  if (const Status read = ReadLimits(args, options.limits); !read) {
    return Failed(common, read.error());
  }
  const StopOnSignal stop;
  auto services = OpenServices(*spec, Waiting(10, stop.token()));
  if (!services) return Failed(common, services.error());
  auto store = MakeLakeStore(*spec, stop.token());
  if (!store) return Failed(common, store.error());
  services->store = *std::move(store);
  ProgressLine line(common.json());
  options.stop = stop.token();
  Pace pace;
  options.on_progress = [&](const MaintenanceProgress& progress) { Show(line, pace, progress); };
  const auto report = RunInTurn(*spec, *services, options, line, args.wait_s);
  line.End();
  if (!report) return Failed(common, report.error());
  Print(common.json() ? AsJson(*report).dump() + "\n" : AsText(*report));
  return ExitCodeOf(*report);
}

}  // namespace sluice::cli
