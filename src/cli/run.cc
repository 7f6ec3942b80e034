#include "pipeline/run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/gold_text.h"
#include "cli/http_side.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/service_manager.h"
#include "cli/signals.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/text.h"
#include "pipeline/storm_watch.h"

namespace sluice::cli {
namespace {

std::string ProgressText(const RunProgress& progress) {
  const double rate =
      progress.seconds > 0 ? static_cast<double>(progress.records) / progress.seconds : 0;
  std::string text = fmt::format("{} records  {}", WithThousands(progress.records), Rate(rate));
  if (progress.quarantined > 0)
    text += fmt::format("  {} quarantined", WithThousands(progress.quarantined));
  if (progress.lag >= 0) text += fmt::format("  lag {}", WithThousands(progress.lag));
  if (!progress.waiting.empty()) text += "  waiting: " + EscapeControl(progress.waiting);
  return text;
}

// What a run shows on stderr while it goes.
class RunView {
 public:
  RunView(const CommonArgs& common, const Spec& spec)
      : common_(common), spec_(spec), line_(common.json()) {}

  RunEvents Events() {
    return {.on_wait = [this](const std::string& reason) { Wait(reason); },
            .on_source = [this](const std::string& broker, bool embedded, bool own,
                                LogId log) { Source(broker, embedded, own, log); },
            .on_tables = [this](const std::vector<TableChange>& changes) { Tables(changes); },
            .on_progress =
                [this](const RunProgress& progress) {
                  line_.Show(ProgressText(progress), progress.records, progress.target);
                },
            .on_gold = [this](const Result<BuildResult>& result) { Gold(result); }};
  }

  void End() { line_.End(); }

 private:
  // A log line: text on a terminal, JSON elsewhere.
  void Say(const std::string& text) {
    line_.End();
    Log(LogLevel::kInfo, text);
  }

  void Wait(const std::string& reason) {
    if (!reason.empty() && reason != waited_) Say(EscapeControl(reason));
    waited_ = reason;
  }

  void Tables(const std::vector<TableChange>& changes) {
    for (const auto& change : changes) {
      if (change.action != "none") Say(fmt::format("{} {}", change.action, change.table));
    }
  }

  void Source(const std::string& broker, bool embedded, bool own, LogId log) {
    const std::string topic = spec_.source.topic;
    if (own) {
      Say(
          fmt::format("embedded broker at {}: topic `{}` starts new and empty (log {}); send to it "
                      "with `sluice produce`",
                      broker, topic, log.value));
    } else {
      Say(fmt::format("reading topic `{}` from {} {}(log {})", topic, broker,
                      embedded ? "(the project's embedded broker) " : "", log.value));
    }
  }

  void Gold(const Result<BuildResult>& result) {
    Say(result ? GoldLine(*result)
               : "gold was not built: " + EscapeControl(result.error().message));
  }

  const CommonArgs& common_;
  const Spec& spec_;
  ProgressLine line_;
  std::string waited_;
};

nlohmann::json AsJson(const RunSummary& summary) {
  const RunProgress& last = summary.last;
  nlohmann::json json{
      {"records", last.records}, {"ok", last.ok},   {"quarantined", last.quarantined},
      {"skipped", last.skipped}, {"lag", last.lag}, {"seconds", last.seconds}};
  std::map<std::string, int64_t> expectations;
  int64_t warehouse = 0, lake = 0, gaps = 0;
  for (const auto& [name, worker] : last.workers) {
    for (const auto& [expectation, failed] : worker.expectations)
      expectations[expectation] += failed;
    warehouse += worker.warehouse_commits;
    lake += worker.lake_commits;
    gaps += worker.gap_offsets;
  }
  json["gap_offsets"] = gaps;
  json["expectations"] = expectations;
  json["warehouse_commits"] = warehouse;
  json["lake_commits"] = lake;
  for (const auto& [partition, error] : summary.stopped) {
    json["stopped"][std::to_string(partition.value)] = {{"code", error.code},
                                                        {"message", error.message}};
  }
  if (summary.gold && *summary.gold) json["gold"] = GoldJson(**summary.gold);
  if (summary.gold && !*summary.gold) json["gold"] = {{"error", summary.gold->error().message}};
  return json;
}

std::string AsText(const RunSummary& summary) {
  const RunProgress& last = summary.last;
  int64_t warehouse = 0, lake = 0;
  std::string text;
  for (const auto& [name, worker] : last.workers) {
    warehouse += worker.warehouse_commits;
    lake += worker.lake_commits;
    for (const auto& [expectation, failed] : worker.expectations) {
      text += fmt::format("  expectation {}: {} failed\n", expectation, WithThousands(failed));
    }
    if (worker.nan_as_null > 0)
      text += fmt::format("  NaN taken as null: {}\n", WithThousands(worker.nan_as_null));
    if (worker.gap_offsets > 0) {
      text += fmt::format("  offsets without a record (compaction, transactions): {}\n",
                          WithThousands(worker.gap_offsets));
    }
  }
  return fmt::format(
      "{} records in {}: {} accepted, {} quarantined, {} skipped\n"
      "  commits: {} to the warehouse, {} to the lake\n{}",
      WithThousands(last.records), Duration(last.seconds), WithThousands(last.ok),
      WithThousands(last.quarantined), WithThousands(last.skipped), WithThousands(warehouse),
      WithThousands(lake), text);
}

// A run that drains and ends answers HTTP only where somebody asked for it.
Result<std::unique_ptr<HttpServer>> Serve(const RunArgs& args, const Spec& spec,
                                          const StatusBoard& board) {
  SLUICE_ASSIGN(ServeSpec serve, ServeOf(args.http, spec));
  if (args.once && !serve.http) serve.off = true;
  return StartHttp(serve, spec, board);
}

// 0, or 1 when tests failed or too much was bad, or the code of what stopped a partition.
int Verdict(const CommonArgs& common, const Spec& spec, const RunSummary& summary, bool once) {
  for (const auto& [partition, error] : summary.stopped) {
    const int code = common.json() ? ExitCode(error.kind) : Failed(common, error);
    return error.code == kQuarantineStorm ? 1 : code;
  }
  const bool gold_failed = summary.gold && !*summary.gold;
  if (gold_failed && !common.json()) Failed(common, summary.gold->error());
  if (!once) return 0;
  const int64_t limit = spec.quarantine_limit_rows;
  if (limit >= 0 && summary.last.quarantined > limit) {
    Tell(
        fmt::format("sluice: {} records were quarantined, the limit is {}\n  = help: sluice "
                    "quarantine ls\n",
                    summary.last.quarantined, limit));
    return 1;
  }
  return gold_failed || (summary.gold && !(*summary.gold)->ok) ? 1 : 0;
}

}  // namespace

int Run(const CommonArgs& common, const RunArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const StopOnSignal stop;
  StatusBoard board;
  const auto manager = ServiceManager::OfEnvironment(board);
  const auto server = Serve(args, *spec, board);
  if (!server) return Failed(common, server.error());
  KeepFreedMemory();
  RunView view(common, *spec);
  const RunOptions options{
      .once = args.once,
      .workers = args.workers,
      .accept_storm = args.accept_storm,
      .wait = std::chrono::seconds(args.wait_s),
      .async_commit = args.allow_async_commit ? AsyncCommit::kAllowed : AsyncCommit::kRefused};
  const auto summary = RunPipeline(*spec, options, view.Events(), board, stop.token());
  view.End();
  if (!summary) return Failed(common, summary.error());
  Print(common.json() ? AsJson(*summary).dump() + "\n" : AsText(*summary));
  return Verdict(common, *spec, *summary, args.once);
}

}  // namespace sluice::cli
