#include "pipeline/offsets.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "ledger/claims.h"
#include "ledger/committer.h"
#include "ledger/ledger.h"
#include "ledger/report.h"
#include "ledger/schema.h"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kBrokerWait{10'000};

// A commit without rows.
class NoRows final : public Participant {
 public:
  Status Apply(SqlSession&, const CommitId&) override { return {}; }
};

std::unexpected<Error> NothingRead() {
  return Fail(ErrorKind::kInvalidConfig, "nothing was read of this topic yet",
              "start `sluice run`; a topic that was made again needs `sluice offsets "
              "accept-new-log` first");
}

Result<Offset> Aim(const PartitionOffsets& at, SkipTarget target) {
  const auto refuse = [&](std::string_view why, std::string hint) {
    return Fail(ErrorKind::kUsage,
                fmt::format("partition {} cannot go to offset {}: {}", at.partition.value,
                            target.offset.value, why),
                std::move(hint));
  };
  switch (target.to) {
    case SkipTo::kStart:
      return at.broker.low;
    case SkipTo::kLatest:
      return at.broker.high;
    case SkipTo::kOffset:
      break;
  }
  if (target.offset > at.broker.high) {
    return refuse(fmt::format("its log ends at {}", at.broker.high.value), "");
  }
  if (target.offset < at.least()) {
    return refuse(fmt::format("its mark is {} and never goes back", at.least().value),
                  "`sluice rebuild TABLE` makes silver again from bronze");
  }
  return target.offset;
}

Staged StagedOf(const LogOffsets& log, Sink sink, std::span<const Skip> skips,
                std::span<const Claim> claims) {
  Staged staged{
      .commit = CommitId::Random(), .sink = sink, .log = log.log, .ranges = {}, .quarantine = {}};
  for (const Skip& skip : skips) {
    if (skip.sink != sink) continue;
    const auto claim = std::ranges::find(claims, skip.partition, &Claim::partition);
    if (claim == claims.end()) continue;
    staged.ranges.push_back(
        {{.range = {skip.partition, skip.from, skip.to}}, claim->positions.at(sink).epoch});
  }
  return staged;
}

}  // namespace

Offset PartitionOffsets::least() const {
  Offset least{INT64_MAX};
  for (const auto& [sink, mark] : marks) least = std::min(least, mark);
  return least;
}

Result<LogOffsets> ReadLogOffsets(const Spec& spec, Services& services) {
  SLUICE_ASSIGN(const auto session, services.database->Connect("sluice-offsets"));
  SLUICE_ASSIGN(const bool ran, HasLedgerTables(*session));
  if (!ran) return NothingRead();
  SLUICE_ASSIGN(const BrokerUse broker, OpenBroker(spec, false));
  SLUICE_ASSIGN(const auto source, MakeSource(spec, broker, "sluice-offsets"));
  LogOffsets log;
  SLUICE_ASSIGN(log.topic, source->Identify(kBrokerWait));
  SLUICE_ASSIGN(const auto known, FindLog(*session, spec.pipeline, log.topic));
  if (!known) return NothingRead();
  log.log = *known;
  SLUICE_ASSIGN(const auto positions, ReadPositions(*session, spec.pipeline));
  for (const auto& position : positions) {
    if (position.log != log.log) continue;
    if (log.partitions.empty() || log.partitions.back().partition != position.partition) {
      SLUICE_ASSIGN(const Watermarks marks,
                    source->QueryWatermarks(position.partition, kBrokerWait));
      log.partitions.push_back({position.partition, {}, marks});
    }
    log.partitions.back().marks[position.sink] = position.next;
  }
  return log;
}

Result<std::vector<Skip>> PlanSkips(const LogOffsets& log, std::span<const PartitionId> partitions,
                                    SkipTarget target) {
  for (const PartitionId wanted : partitions) {
    const bool there = std::ranges::find(log.partitions, wanted, &PartitionOffsets::partition) !=
                       log.partitions.end();
    if (there) continue;
    return Fail(ErrorKind::kUsage, fmt::format("partition {} was never read", wanted.value),
                "`sluice offsets show` lists them");
  }
  std::vector<Skip> skips;
  for (const auto& at : log.partitions) {
    const bool chosen =
        partitions.empty() || std::ranges::find(partitions, at.partition) != partitions.end();
    if (!chosen) continue;
    SLUICE_ASSIGN(const Offset aim, Aim(at, target));
    for (const auto& [sink, mark] : at.marks) {
      if (mark < aim) skips.push_back({at.partition, sink, mark, aim});
    }
  }
  return skips;
}

Status ApplySkips(Services& services, const std::string& pipeline, const LogOffsets& log,
                  std::span<const Skip> skips) {
  Committer committer(*services.database, {pipeline, fmt::format("{}-offsets", getpid())},
                      [](const std::string&) {});
  if (skips.empty()) return {};
  std::map<PartitionId, Offset> partitions;
  for (const Skip& skip : skips) partitions[skip.partition] = skip.from;
  SLUICE_ASSIGN(SqlSession* const session, committer.Session());
  Claimant me{pipeline, "offsets", log.log, {}};
  for (const auto& [sink, mark] : log.partitions.at(0).marks) me.sinks.push_back(sink);
  SLUICE_ASSIGN(const auto claims, ClaimPartitions(*session, me, partitions));
  // The lake never passes the warehouse.
  for (const Sink sink : {Sink::kWarehouse, Sink::kLake}) {
    const Staged staged = StagedOf(log, sink, skips, claims);
    NoRows none;
    if (!staged.ranges.empty()) SLUICE_TRY(committer.Commit(staged, none, {}));
  }
  return {};
}

}  // namespace sluice
