#include "pipeline/offsets.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/waiting.h"
#include "config/units.h"
#include "core/text.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kWait{10};

// Runs a verb's work on the pipeline's services; prints what it returns.
template <typename Work>
int OnServices(const CommonArgs& common, Work work) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  auto services = OpenServices(*spec, Waiting(kWait.count()));
  if (!services) return Failed(common, services.error());
  const Result<std::string> text = work(*spec, *services);
  if (!text) return Failed(common, text.error());
  Print(*text);
  return 0;
}

Result<std::string> Accept(const Spec& spec, Services& services, bool yes) {
  SLUICE_ASSIGN(const auto session, services.database->Connect("sluice-offsets"));
  SLUICE_ASSIGN(const BrokerUse broker, OpenBroker(spec, false));
  SLUICE_ASSIGN(const auto source, MakeSource(spec, broker, "sluice-offsets"));
  SLUICE_ASSIGN(const TopicIdentity topic, source->Identify(kWait));
  SLUICE_TRY(CreateLedgerTables(*session));
  SLUICE_ASSIGN(const auto known, FindLog(*session, spec.pipeline, topic));
  if (known) {
    return fmt::format("topic `{}` is the one that is read already (log {}): nothing to accept\n",
                       topic.topic, known->value);
  }
  if (!yes) {
    return fmt::format(
        "would take topic `{}` ({} on cluster {}) as a new log, read from its start; "
        "add --yes to do it\n",
        topic.topic, topic.topic_uuid, topic.cluster_id);
  }
  SLUICE_ASSIGN(const LogId log, ResolveLog(*session, spec.pipeline, topic, true));
  return fmt::format("topic `{}` is log {}\n", topic.topic, log.value);
}

std::string MarkText(const PartitionOffsets& at, Sink sink) {
  const auto mark = at.marks.find(sink);
  return mark == at.marks.end() ? "" : std::to_string(mark->second.value);
}

json MarkJson(const PartitionOffsets& at, Sink sink) {
  const auto mark = at.marks.find(sink);
  return mark == at.marks.end() ? json() : json(mark->second.value);
}

std::string ShowText(const LogOffsets& log) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& at : log.partitions) {
    rows.push_back({std::to_string(at.partition.value), MarkText(at, Sink::kWarehouse),
                    MarkText(at, Sink::kLake), std::to_string(at.broker.low.value),
                    std::to_string(at.broker.high.value), WithThousands(at.lost())});
  }
  return fmt::format("topic {}, log {}\n\n", EscapeControl(log.topic.topic), log.log.value) +
         Table({"PARTITION", "WAREHOUSE", "LAKE", "LOG STARTS", "LOG ENDS", "LOST"}, rows);
}

json ShowJson(const LogOffsets& log) {
  json rows = json::array();
  for (const auto& at : log.partitions) {
    rows.push_back({{"partition", at.partition.value},
                    {"warehouse", MarkJson(at, Sink::kWarehouse)},
                    {"lake", MarkJson(at, Sink::kLake)},
                    {"log_start", at.broker.low.value},
                    {"log_end", at.broker.high.value},
                    {"lost", at.lost()}});
  }
  return {{"topic", log.topic.topic}, {"log", log.log.value}, {"partitions", rows}};
}

Result<SkipTarget> TargetOf(const std::string& to) {
  if (to == "start") return SkipTarget{SkipTo::kStart, {}};
  if (to == "latest") return SkipTarget{SkipTo::kLatest, {}};
  const auto offset = ParseInteger(to);
  if (offset && *offset >= 0) return SkipTarget{SkipTo::kOffset, Offset{*offset}};
  return Fail(ErrorKind::kUsage, fmt::format("--to takes `start`, `latest` or an offset, not `{}`",
                                             EscapeControl(to)));
}

std::string SkipsText(std::span<const Skip> skips, bool done) {
  if (skips.empty()) return "no mark lies before that: nothing to do\n";
  std::string text;
  for (const Skip& skip : skips) {
    text += fmt::format("{} partition {}, {}: offsets {} to {} {} read\n",
                        done ? "moved" : "would move", skip.partition.value, Name(skip.sink),
                        skip.from.value, skip.to.value - 1, done ? "were not" : "are never");
  }
  if (done) return text + "a `sluice run` that stopped there must be started again\n";
  return text + "add --yes to do it\n";
}

json SkipsJson(std::span<const Skip> skips, bool done) {
  json rows = json::array();
  for (const Skip& skip : skips) {
    rows.push_back({{"partition", skip.partition.value},
                    {"sink", Name(skip.sink)},
                    {"from", skip.from.value},
                    {"to", skip.to.value}});
  }
  return {{"done", done}, {"skips", rows}};
}

}  // namespace

int AcceptNewLog(const CommonArgs& common, const AcceptLogArgs& args) {
  return OnServices(common, [&](const Spec& spec, Services& services) {
    return Accept(spec, services, args.yes);
  });
}

int OffsetsShow(const CommonArgs& common) {
  return OnServices(common, [&](const Spec& spec, Services& services) -> Result<std::string> {
    SLUICE_ASSIGN(const LogOffsets log, ReadLogOffsets(spec, services));
    return common.json() ? ShowJson(log).dump() + "\n" : ShowText(log);
  });
}

int OffsetsReset(const CommonArgs& common, const ResetArgs& args) {
  return OnServices(common, [&](const Spec& spec, Services& services) -> Result<std::string> {
    SLUICE_ASSIGN(const SkipTarget target, TargetOf(args.to));
    std::vector<PartitionId> partitions;
    for (const int32_t partition : args.partitions) partitions.push_back({partition});
    SLUICE_ASSIGN(const LogOffsets log, ReadLogOffsets(spec, services));
    SLUICE_ASSIGN(const auto skips, PlanSkips(log, partitions, target));
    if (args.yes) SLUICE_TRY(ApplySkips(services, spec.pipeline, log, skips));
    return common.json() ? SkipsJson(skips, args.yes).dump() + "\n" : SkipsText(skips, args.yes);
  });
}

}  // namespace sluice::cli
