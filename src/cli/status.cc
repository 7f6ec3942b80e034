#include <fmt/format.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/maintenance_text.h"
#include "cli/output.h"
#include "cli/waiting.h"
#include "core/text.h"
#include "ledger/report.h"
#include "ledger/schema.h"
#include "pipeline/services.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct Report {
  std::vector<PositionReport> positions;
  std::vector<CommitReport> commits;
  std::vector<QuarantineCount> quarantine;
  MaintenanceReport maintenance;
  std::optional<DbtReport> gold;
  std::map<PartitionId, Offset> high;  // of the log that lives now; empty: broker not asked
  std::string broker;                  // why there are no high marks
};

Result<Report> ReadReport(const Spec& spec, SqlSession& session) {
  Report report;
  SLUICE_ASSIGN(const bool ran, HasLedgerTables(session));
  if (!ran) return report;
  SLUICE_ASSIGN(report.positions, ReadPositions(session, spec.pipeline));
  SLUICE_ASSIGN(report.commits, ReadCommits(session, spec.pipeline));
  SLUICE_ASSIGN(report.maintenance, ReadMaintenance(session, spec.pipeline));
  SLUICE_ASSIGN(report.quarantine, ReadQuarantine(session, spec.pipeline));
  SLUICE_ASSIGN(report.gold, ReadLastBuild(session, spec.pipeline));
  return report;
}

// The broker's word on how far the topic goes; its absence is only worth a remark.
Status ReadHighMarks(const Spec& spec, Report& report) {
  SLUICE_ASSIGN(const BrokerUse broker, OpenBroker(spec, false));
  SLUICE_ASSIGN(const auto source, MakeSource(spec, broker, "sluice-status"));
  SLUICE_ASSIGN(const TopicIdentity topic, source->Identify(std::chrono::seconds(3)));
  for (const auto& position : report.positions) {
    if (position.topic_uuid != topic.topic_uuid || position.cluster_id != topic.cluster_id)
      continue;
    SLUICE_ASSIGN(const Watermarks marks,
                  source->QueryWatermarks(position.partition, std::chrono::seconds(3)));
    report.high[position.partition] = marks.high;
  }
  return {};
}

// Lag of one position, or "" when the broker was not asked or its log is gone.
std::string LagOf(const Report& report, const PositionReport& position) {
  const auto newest = report.positions.back().log;
  const auto high = report.high.find(position.partition);
  if (high == report.high.end() || position.log != newest) return "";
  return WithThousands(std::max<int64_t>(0, high->second.value - position.next.value));
}

std::string AsText(const Spec& spec, const Report& report) {
  std::string text = fmt::format("pipeline {}\n\n", spec.pipeline);
  if (report.positions.empty()) return text + "nothing was read yet: start `sluice run`\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& position : report.positions) {
    rows.push_back({std::to_string(position.log.value), position.topic,
                    std::to_string(position.partition.value), std::string(Name(position.sink)),
                    std::to_string(position.next.value), LagOf(report, position),
                    WithThousands(position.ok), WithThousands(position.quarantined),
                    WithThousands(position.skipped), position.updated_at});
  }
  text += Table({"LOG", "TOPIC", "PARTITION", "SINK", "NEXT", "LAG", "OK", "QUARANTINED", "SKIPPED",
                 "LAST COMMIT"},
                rows);
  for (const auto& position : report.positions) {
    // Both sinks of a partition have the same note.
    if (position.stopped.empty() || position.sink != Sink::kLake) continue;
    text += fmt::format("partition {} of log {} is stopped: {}\n", position.partition.value,
                        position.log.value, EscapeControl(position.stopped));
  }
  if (!report.broker.empty()) text += "lag is not known: " + EscapeControl(report.broker) + "\n";
  for (const auto& commit : report.commits) {
    text += fmt::format("\n{} commits to the {}, the last at {}", WithThousands(commit.commits),
                        Name(commit.sink), commit.last_at);
  }
  text += '\n';
  text += MaintenanceLine(spec.maintenance);
  if (report.maintenance.commits > 0) {
    text += fmt::format("  {} commits, the last at {}\n", WithThousands(report.maintenance.commits),
                        report.maintenance.last_at);
  }
  for (const auto& count : report.quarantine) {
    text += fmt::format("quarantine: {} {}, the last at {}\n", WithThousands(count.records),
                        EscapeControl(count.reason), count.last_at);
  }
  if (report.gold) {
    text += fmt::format(
        "gold: built at {} in {:.1f} s, {} models, {} tests, {}\n", report.gold->started_at,
        report.gold->seconds, report.gold->models, report.gold->tests,
        report.gold->ok
            ? "all pass"
            : fmt::format("{} failed, {} in error", report.gold->failed, report.gold->errored));
  }
  return text;
}

json AsJson(const Spec& spec, const Report& report) {
  json result{{"pipeline", spec.pipeline},
              {"positions", json::array()},
              {"commits", json::array()},
              {"quarantine", json::array()},
              {"maintenance", MaintenanceJson(spec.maintenance)},
              {"gold", nullptr}};
  result["maintenance"]["commits"] = report.maintenance.commits;
  result["maintenance"]["last_at"] = report.maintenance.last_at;
  for (const auto& position : report.positions) {
    const auto high = report.high.find(position.partition);
    const bool live = high != report.high.end() && position.log == report.positions.back().log;
    result["positions"].push_back(
        {{"sink", Name(position.sink)},
         {"log", position.log.value},
         {"topic", position.topic},
         {"topic_uuid", position.topic_uuid},
         {"partition", position.partition.value},
         {"start", position.start.value},
         {"next", position.next.value},
         {"lag",
          live ? json(std::max<int64_t>(0, high->second.value - position.next.value)) : json()},
         {"ok", position.ok},
         {"quarantined", position.quarantined},
         {"skipped", position.skipped},
         {"purged", position.purged},
         {"stopped", position.stopped.empty() ? json() : json(position.stopped)},
         {"owner", position.owner},
         {"updated_at", position.updated_at}});
  }
  for (const auto& commit : report.commits) {
    result["commits"].push_back(
        {{"sink", Name(commit.sink)}, {"commits", commit.commits}, {"last_at", commit.last_at}});
  }
  for (const auto& count : report.quarantine) {
    result["quarantine"].push_back(
        {{"reason", count.reason}, {"records", count.records}, {"last_at", count.last_at}});
  }
  if (report.gold) {
    result["gold"] = {{"started_at", report.gold->started_at},
                      {"seconds", report.gold->seconds},
                      {"ok", report.gold->ok},
                      {"models", report.gold->models},
                      {"tests", report.gold->tests},
                      {"passed", report.gold->passed},
                      {"warned", report.gold->warned},
                      {"failed", report.gold->failed},
                      {"errored", report.gold->errored}};
  }
  return result;
}

}  // namespace

int ShowStatus(const CommonArgs& common, const StatusArgs& args) {
  if (args.health) return ShowHealth(common, args.http);
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const auto services = OpenServices(*spec, Waiting(10));
  if (!services) return Failed(common, services.error());
  const auto session = services->database->Connect("sluice-status");
  if (!session) return Failed(common, session.error());
  auto report = ReadReport(*spec, **session);
  if (!report) return Failed(common, report.error());
  if (!report->positions.empty()) {
    if (const Status asked = ReadHighMarks(*spec, *report); !asked)
      report->broker = asked.error().message;
  }
  Print(common.json() ? AsJson(*spec, *report).dump() + "\n" : AsText(*spec, *report));
  return 0;
}

}  // namespace sluice::cli
