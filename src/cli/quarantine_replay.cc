#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/chosen_records.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/quarantine_text.h"
#include "cli/signals.h"
#include "cli/with_ledger.h"
#include "core/text.h"
#include "pipeline/replay.h"

namespace sluice::cli {
namespace {

std::string AsText(const ReplayReport& report, bool done) {
  const auto& outlook = report.outlook;
  if (outlook.ready + outlook.truncated + outlook.waiting == 0) return "there are none\n";
  std::string text = fmt::format("{} {} rows, {} skipped, {} still refused\n",
                                 WithThousands(report.accepted), done ? "became" : "would become",
                                 WithThousands(report.skipped), WithThousands(report.still_bad));
  for (const auto& [reason, records] : report.reasons) {
    text += fmt::format("  {} {}\n", WithThousands(records), EscapeControl(reason));
  }
  if (outlook.truncated > 0) {
    text += fmt::format("{} cannot be replayed: only the first bytes of them were kept\n",
                        WithThousands(outlook.truncated));
  }
  if (outlook.waiting > 0) {
    text += fmt::format(
        "{} wait for the lake's next commit: with `sluice run` going, replay them a little later\n",
        WithThousands(outlook.waiting));
  }
  if (!done && report.accepted + report.skipped > 0) text += "add --yes to do it\n";
  return text;
}

nlohmann::json AsJson(const ReplayReport& report, bool done) {
  return {{"done", done},
          {"accepted", report.accepted},
          {"skipped", report.skipped},
          {"still_bad", report.still_bad},
          {"reasons", report.reasons},
          {"truncated", report.outlook.truncated},
          {"waiting", report.outlook.waiting},
          {"commits", report.commits}};
}

}  // namespace

int QuarantineReplay(const CommonArgs& common, const QuarantineReplayArgs& args) {
  const auto filter = FilterOf(args.chosen);
  if (!filter) return Failed(common, filter.error());
  ReplayOptions options{.filter = *filter, .commit = args.yes};
  if (args.limit > 0) options.limit = args.limit;
  const StopOnSignal stop;
  const ReplayReport none;
  const auto nothing = common.json() ? Dump(AsJson(none, args.yes)) : AsText(none, args.yes);
  return WithLedger(common, nothing, [&](const Spec& spec, Services& services, SqlSession&) {
    ProgressLine line(common.json());
    const auto show = [&](int64_t done, int64_t total) {
      line.Show(fmt::format("{} of {} records", WithThousands(done), WithThousands(total)), done,
                total);
    };
    const auto report = ReplayQuarantine(spec, services, options, show, stop.token());
    line.End();
    if (!report) return Failed(common, report.error());
    Print(common.json() ? Dump(AsJson(*report, args.yes)) : AsText(*report, args.yes));
    const auto& outlook = report->outlook;
    return report->still_bad + outlook.truncated + outlook.waiting > 0 ? 1 : 0;
  });
}

}  // namespace sluice::cli
