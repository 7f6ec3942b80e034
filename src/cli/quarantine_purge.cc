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
#include "ledger/purge.h"
#include "pipeline/replay.h"

namespace sluice::cli {
namespace {

constexpr int64_t kAtATime = 10'000;

// Deletes batch by batch; what a stop leaves is whole.
Result<PurgeCounts> PurgeAll(const RecordPurge& purge, SqlSession& session, int64_t total,
                             ProgressLine& line, const std::stop_token& stop) {
  PurgeCounts all;
  for (;;) {
    if (stop.stop_requested()) {
      return Fail(ErrorKind::kShutdown, fmt::format("stopped after {} of {} records",
                                                    all.resolved + all.unresolved, total));
    }
    SLUICE_ASSIGN(const PurgeCounts some, purge.Delete(session, kAtATime));
    if (some.resolved + some.unresolved == 0) return all;
    all.resolved += some.resolved;
    all.unresolved += some.unresolved;
    const int64_t done = all.resolved + all.unresolved;
    line.Show(fmt::format("{} of {} records", WithThousands(done), WithThousands(total)), done,
              total);
  }
}

std::string AsText(const PurgeCounts& counts, bool done) {
  std::string text =
      fmt::format("{} {} resolved and {} unresolved records\n", done ? "deleted" : "would delete",
                  WithThousands(counts.resolved), WithThousands(counts.unresolved));
  if (counts.waiting > 0) {
    text +=
        fmt::format("{} stay: the lake has not passed them yet\n", WithThousands(counts.waiting));
  }
  if (!done && counts.resolved + counts.unresolved > 0) {
    text += "their bytes are gone then; add --yes to do it\n";
  }
  return text;
}

nlohmann::json AsJson(const PurgeCounts& counts, bool done) {
  return {{"done", done},
          {"resolved", counts.resolved},
          {"unresolved", counts.unresolved},
          {"waiting", counts.waiting}};
}

}  // namespace

int QuarantinePurge(const CommonArgs& common, const QuarantinePurgeArgs& args) {
  auto filter = FilterOf(args.chosen);
  if (!filter) return Failed(common, filter.error());
  filter->state =
      args.unresolved ? QuarantineFilter::State::kAny : QuarantineFilter::State::kResolved;
  const StopOnSignal stop;
  const PurgeCounts none;
  const auto nothing = common.json() ? Dump(AsJson(none, args.yes)) : AsText(none, args.yes);
  return WithLedger(common, nothing, [&](const Spec& spec, Services&, SqlSession& session) {
    const RecordPurge purge(spec.pipeline, SinksOf(spec), *filter);
    auto counts = purge.Count(session);
    if (!counts) return Failed(common, counts.error());
    if (args.yes) {
      const PurgeCounts before = *counts;
      ProgressLine line(common.json());
      counts = PurgeAll(purge, session, before.resolved + before.unresolved, line, stop.token());
      line.End();
      if (!counts) return Failed(common, counts.error());
      counts->waiting = before.waiting;
    }
    Print(common.json() ? Dump(AsJson(*counts, args.yes)) : AsText(*counts, args.yes));
    return 0;
  });
}

}  // namespace sluice::cli
