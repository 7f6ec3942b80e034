#include "pipeline/rebuild.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/quarantine_text.h"
#include "cli/signals.h"
#include "cli/waiting.h"
#include "core/clock.h"
#include "core/text.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using Mode = RebuildOptions::Mode;

std::string PlanText(const RebuildArgs& args, const RebuildReport& report) {
  std::string text = fmt::format("{}: {} bronze rows in {} files ({}) would be made again\n",
                                 args.table, WithThousands(report.bronze_rows),
                                 WithThousands(report.bronze_files), Bytes(report.bronze_bytes));
  text += fmt::format("  lake: {} files with {} rows give way\n", WithThousands(report.old_files),
                      WithThousands(report.old_rows));
  if (!report.warehouse.empty()) {
    text +=
        fmt::format("  warehouse: the rows of these records in {} give way\n", report.warehouse);
  }
  return text + "add --dry-run to try all rows and keep none, --yes to do it\n";
}

std::string RefusedText(const RebuildReport& report) {
  std::string text;
  for (const auto& [reason, records] : report.reasons) {
    text += fmt::format("  {} {}\n", WithThousands(records), EscapeControl(reason));
  }
  for (const auto& [log, reject] : report.refused) {
    text += fmt::format("  {}/{}/{} {} {}\n", log.value, reject.id.partition.value,
                        reject.id.offset.value, EscapeControl(reject.reason),
                        EscapeControl(reject.detail));
  }
  if (report.made.refused > static_cast<int64_t>(report.refused.size())) text += "  …\n";
  return text;
}

std::string MadeText(const RebuildArgs& args, const RebuildReport& report, double seconds) {
  const bool done = !report.commit.empty();
  std::string text =
      fmt::format("{}: {} bronze rows {} {} rows in {}; {} left out, {} refused\n", args.table,
                  WithThousands(report.bronze_rows), done ? "became" : "would become",
                  WithThousands(report.made.rows), Duration(seconds),
                  WithThousands(report.made.left_out), WithThousands(report.made.refused));
  text += RefusedText(report);
  if (!done) return text + "add --yes to do it\n";
  text += fmt::format("  lake: {} files ({}) in place of {}, snapshot {}\n",
                      WithThousands(report.new_files), Bytes(report.new_bytes),
                      WithThousands(report.old_files), report.snapshot);
  if (!report.warehouse.empty()) text += fmt::format("  warehouse: {}\n", report.warehouse);
  return text + fmt::format("  commit {}\n", report.commit);
}

json AsJson(const RebuildArgs& args, const RebuildReport& report, double seconds) {
  json records = json::array();
  for (const auto& [log, reject] : report.refused) {
    records.push_back({{"log", log.value},
                       {"partition", reject.id.partition.value},
                       {"offset", reject.id.offset.value},
                       {"reason", reject.reason},
                       {"field", reject.field},
                       {"detail", reject.detail}});
  }
  return {{"table", args.table},
          {"done", !report.commit.empty()},
          {"bronze",
           {{"rows", report.bronze_rows},
            {"files", report.bronze_files},
            {"bytes", report.bronze_bytes}}},
          {"lake",
           {{"old_files", report.old_files},
            {"old_rows", report.old_rows},
            {"new_files", report.new_files},
            {"new_bytes", report.new_bytes},
            {"snapshot", report.snapshot}}},
          {"warehouse", report.warehouse},
          {"rows", report.made.rows},
          {"left_out", report.made.left_out},
          {"refused", report.made.refused},
          {"reasons", report.reasons},
          {"records", records},
          {"commit", report.commit},
          {"seconds", seconds}};
}

std::string ProgressText(int64_t done, int64_t total, double seconds) {
  std::string text = fmt::format("{} of {} rows", WithThousands(done), WithThousands(total));
  if (done == 0 || seconds < 1) return text;
  return text + "  " + Rate(static_cast<double>(done) / seconds);
}

}  // namespace

int Rebuild(const CommonArgs& common, const RebuildArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const StopOnSignal stop;
  auto services = OpenServices(*spec, Waiting(10, stop.token()));
  if (!services) return Failed(common, services.error());
  const Mode mode = args.dry_run ? Mode::kTry : args.yes ? Mode::kSwap : Mode::kPlan;
  ProgressLine line(common.json());
  const SteadyTime start = Now();
  SteadyTime reading = start;
  const RebuildEvents events{
      .on_progress =
          [&](int64_t done, int64_t total) {
            if (done == 0) reading = Now();
            const double seconds = static_cast<double>(ElapsedMs(reading)) / 1000;
            line.Show(ProgressText(done, total, seconds), done, total);
          },
      .on_wait = [&](const std::string& reason) { line.Show(EscapeControl(reason), 0, 0); },
      .on_restart =
          [&](const std::string& reason) {
            line.End();
            Tell("sluice: starts over: " + EscapeControl(reason) + "\n");
          }};
  const auto report =
      RebuildTable(*spec, *services, {args.table, mode, args.accept_storm}, events, stop.token());
  line.End();
  if (!report) return Failed(common, report.error());
  const double seconds = static_cast<double>(ElapsedMs(start)) / 1000;
  if (common.json()) {
    Print(Dump(AsJson(args, *report, seconds)));
  } else {
    Print(mode == Mode::kPlan ? PlanText(args, *report) : MadeText(args, *report, seconds));
  }
  return report->made.refused > 0 ? 1 : 0;
}

}  // namespace sluice::cli
