#include "pipeline/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/failpoint.h"
#include "core/log.h"
#include "ledger/ledger.h"
#include "pipeline/batch_split.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPollWait{100};
constexpr milliseconds kBrokerWait{10'000};
constexpr int64_t kMaxPendingRejectBytes = 64 << 20;

std::map<PartitionId, Offset> Marks(const std::map<PartitionId, Claim>& claims, Sink sink) {
  std::map<PartitionId, Offset> marks;
  for (const auto& [partition, claim] : claims) {
    const auto position = claim.positions.find(sink);
    if (position != claim.positions.end()) marks[partition] = position->second.next;
  }
  return marks;
}

std::vector<Sink> SinksOf(const Stations& at) {
  if (at.warehouse == nullptr) return {Sink::kLake};
  return {Sink::kWarehouse, Sink::kLake};
}

}  // namespace

Worker::Worker(WorkerOptions options, Stations stations, StatusBoard& board,
               std::function<void()> on_warehouse_commit)
    : options_(std::move(options)),
      at_(stations),
      board_(board),
      on_warehouse_commit_(std::move(on_warehouse_commit)),
      storms_(options_.storm) {}

Status Worker::Run(std::stop_token stop) {
  const Status status = Live(stop);
  PublishCounts();  // what ended this life, too: a commit that was fenced
  return status;
}

Status Worker::Live(std::stop_token stop) {
  while (!stop.stop_requested()) SLUICE_TRY(Step(stop));
  SLUICE_TRY(FlushLake(stop));
  Publish();
  return {};
}

Status Worker::Step(std::stop_token stop) {
  SLUICE_ASSIGN(Polled polled, at_.source.Poll(PollWait()));
  for (const auto& failure : polled.failures) StopPartition(failure.partition, failure.error);
  SLUICE_TRY(TakeGroupChange(polled.group, stop));
  polled.batch.log = options_.log;
  SLUICE_TRY(Process(std::move(polled.batch), stop));
  if (LakeIsDue()) SLUICE_TRY(FlushLake(stop));
  Publish();
  return {};
}

Status Worker::TakeGroupChange(const GroupChange& change, std::stop_token stop) {
  if (!change.revoked.empty()) SLUICE_TRY(GiveBack(change, stop));
  if (!change.assigned.empty()) SLUICE_TRY(ClaimAndAssign(change.assigned));
  return {};
}

Status Worker::ClaimAndAssign(std::span<const PartitionId> partitions) {
  SLUICE_ASSIGN(const auto first, FirstOffsets(partitions));
  const Claimant me{options_.pipeline, options_.name, options_.log, SinksOf(at_)};
  SLUICE_ASSIGN(SqlSession* const session, at_.committer.Session());
  SLUICE_ASSIGN(auto claims, ClaimPartitions(*session, me, first));
  SLUICE_FAILPOINT("claim");
  std::vector<OffsetRange> from;
  for (Claim& claim : claims) {
    const PartitionId partition = claim.partition;
    read_[partition] = claim.ResumeAt();
    from.push_back({partition, claim.ResumeAt(), {}});
    claims_.insert_or_assign(partition, std::move(claim));
  }
  return at_.source.Assign(from);
}

// Where partitions start at first sight: the run recorded those of a new log, so what is not known
// was added since and is read whole. Of the known ones the answer is not used.
Result<std::map<PartitionId, Offset>> Worker::FirstOffsets(
    std::span<const PartitionId> partitions) {
  SLUICE_ASSIGN(SqlSession* const session, at_.committer.Session());
  SLUICE_ASSIGN(const auto known, LeastMarks(*session, options_.pipeline, options_.log));
  std::map<PartitionId, Offset> first;
  for (const PartitionId partition : partitions) {
    if (known.contains(partition)) {
      first[partition] = known.at(partition);
    } else {
      SLUICE_ASSIGN(const Watermarks marks, at_.source.QueryWatermarks(partition, kBrokerWait));
      first[partition] = marks.low;
    }
  }
  return first;
}

// Lost partitions already belong to others: nothing of them may be committed, so this life ends.
Status Worker::GiveBack(const GroupChange& change, std::stop_token stop) {
  if (change.lost) {
    return Fail(ErrorKind::kFenced, "the consumer group took the partitions away");
  }
  SLUICE_TRY(FlushLake(stop));
  for (const PartitionId partition : change.revoked) {
    claims_.erase(partition);
    read_.erase(partition);
    stopped_.erase(partition);
  }
  return at_.source.Unassign(change.revoked);
}

void Worker::StopPartition(PartitionId partition, const Error& error) {
  if (!stopped_.insert({partition, error}).second) return;
  LogError(fmt::format("partition {} is stopped", partition.value), error);
  auto session = at_.committer.Session();
  const Status noted = session ? NoteStopped(**session, options_.pipeline, options_.name,
                                             options_.log, partition, error)
                               : Status(Fail(session.error()));
  // The note is for `sluice status` alone.
  if (!noted) LogError("why it stopped could not be noted", noted.error());
}

// Commits what lies before the storms and nothing behind: their records are read again by the next
// run.
Status Worker::StopAtStorms(const std::vector<Storm>& storms, RawBatch raw, std::stop_token stop) {
  std::map<PartitionId, Offset> cuts;
  for (const auto& range : raw.ranges) cuts[range.partition] = range.end;
  std::vector<PartitionId> silent;
  for (const Storm& storm : storms) {
    cuts[storm.partition] = storm.cut;
    silent.push_back(storm.partition);
    StopPartition(storm.partition, StormError(storm, options_.storm));
  }
  SLUICE_TRY(at_.source.Pause(silent));
  auto [calm, rest] = SplitBatch(std::move(raw), cuts);
  for (const auto& range : calm.ranges) read_[range.partition] = range.end;
  return calm.ranges.empty() ? Status{} : Take(std::move(calm), std::move(stop));
}

Status Worker::Process(RawBatch raw, std::stop_token stop) {
  const auto is_foreign = [&](const auto& item) {
    return !claims_.contains(item.partition) || stopped_.contains(item.partition);
  };
  std::erase_if(raw.ranges, is_foreign);
  std::erase_if(raw.records, is_foreign);
  if (raw.ranges.empty()) return {};
  SLUICE_FAILPOINT("s0_collect");
  for (const auto& range : raw.ranges) {
    if (range.start == read_.at(range.partition)) continue;
    return Fail(
        ErrorKind::kInvariant,
        fmt::format("partition {} was read from offset {}, but {} was next", range.partition.value,
                    range.start.value, read_.at(range.partition).value));
  }
  const auto ranges = raw.ranges;
  auto [behind, fresh] = SplitBatch(std::move(raw), Marks(claims_, Sink::kWarehouse));
  if (!behind.ranges.empty()) SLUICE_TRY(CatchUp(std::move(behind)));
  if (!fresh.ranges.empty()) SLUICE_TRY(Take(std::move(fresh), stop));
  for (const auto& range : ranges) {
    if (!stopped_.contains(range.partition)) read_[range.partition] = range.end;
  }
  return {};
}

// Records that the warehouse has and the lake has not: a crash came between the two commits. What
// the quarantine holds of them was kept out then, so it is kept out now.
Status Worker::CatchUp(RawBatch raw) {
  std::map<PartitionId, int64_t> kept_out;
  for (const auto& range : raw.ranges) {
    kept_out[range.partition] =
        RemoveRecords(raw, range.partition, claims_.at(range.partition).kept_out);
  }
  SLUICE_ASSIGN(auto rows, at_.builder.Build(raw));
  if (!rows->quarantine.empty()) {
    const Reject& first = rows->quarantine.front().reject;
    return Fail(ErrorKind::kInvariant,
                fmt::format("partition {} offset {} is in the warehouse but is refused now: {}",
                            first.id.partition.value, first.id.offset.value, first.reason),
                "the transform must give the same answer each time; look for time, chance or an "
                "upgraded SQL engine");
  }
  for (auto& counts : rows->ranges) {
    counts.delivered += kept_out[counts.range.partition];
    counts.quarantined += kept_out[counts.range.partition];
  }
  return AppendToLake(std::move(rows));
}

Status Worker::Take(RawBatch raw, std::stop_token stop) {
  SLUICE_ASSIGN(auto rows, at_.builder.Build(raw));
  auto storms = storms_.Look(raw, *rows);
  if (storms.empty() && at_.warehouse != nullptr) {
    SLUICE_ASSIGN(storms, CommitWarehouse(raw, *rows, stop));
  }
  if (!storms.empty()) return StopAtStorms(storms, std::move(raw), stop);
  storms_.Pass(raw, *rows);
  std::map<std::string, int64_t> reasons;
  for (const auto& row : rows->quarantine) ++reasons[row.reject.reason];
  board_.Update(options_.name, [&](WorkerStatus& status) {
    for (const auto& [reason, records] : reasons) status.quarantine_reasons[reason] += records;
    for (const auto& counts : rows->ranges) {
      status.records += counts.delivered;
      status.ok += counts.ok;
      status.quarantined += counts.quarantined;
      status.skipped += counts.skipped;
    }
  });
  return AppendToLake(std::move(rows));
}

Staged Worker::StageForWarehouse(const RowBatch& rows) const {
  Staged staged{.commit = CommitId::Random(),
                .sink = Sink::kWarehouse,
                .log = options_.log,
                .ranges = {},
                .quarantine = {}};
  for (const auto& counts : rows.ranges) {
    const PartitionId partition = counts.range.partition;
    staged.ranges.push_back({counts, claims_.at(partition).positions.at(Sink::kWarehouse).epoch,
                             LeftOutOf(rows, partition, options_.silver_tables)});
  }
  for (const auto& row : rows.quarantine) staged.quarantine.push_back(&row);
  return staged;
}

// Commits the batch; rows that only PostgreSQL could refuse go to the quarantine first.
Result<std::vector<Storm>> Worker::CommitWarehouse(const RawBatch& raw, RowBatch& rows,
                                                   std::stop_token stop) {
  for (;;) {
    SLUICE_ASSIGN(const auto participant, at_.warehouse->Stage(rows));
    const Staged staged = StageForWarehouse(rows);
    SLUICE_FAILPOINT("s1_seal", "warehouse");
    const Status status = at_.committer.Commit(staged, *participant, stop);
    if (status) break;
    if (status.error().kind != ErrorKind::kBadData) return Fail(status.error());
    SLUICE_ASSIGN(SqlSession* const session, at_.committer.Session());
    SLUICE_ASSIGN(auto rejects, at_.warehouse->FindRejects(*session, rows));
    if (rejects.empty()) {
      return Fail(
          ErrorKind::kFatal,
          "PostgreSQL refuses a batch of which it takes every row: " + status.error().message,
          "look for a trigger or a deferred constraint on the table", status.error().code);
    }
    SLUICE_ASSIGN(auto refused, WithRecords(raw, std::move(rejects)));
    MoveToQuarantine(rows, std::move(refused));
    if (auto storms = storms_.Look(raw, rows); !storms.empty()) return storms;
  }
  SLUICE_FAILPOINT("s10_advance", "warehouse");
  last_warehouse_commit_ = Now();
  for (const auto& counts : rows.ranges) {
    claims_.at(counts.range.partition).positions.at(Sink::kWarehouse).next = counts.range.end;
  }
  board_.Update(options_.name, [](WorkerStatus& status) {
    ++status.warehouse_commits;
    status.warehouse_committed_ms = WallClockMs();
  });
  on_warehouse_commit_();
  return std::vector<Storm>();
}

Status Worker::AppendToLake(std::shared_ptr<const RowBatch> rows) {
  pending_.Add(*rows, options_.silver_tables, at_.warehouse == nullptr);
  return at_.lake.Append(std::move(rows));
}

Status Worker::FlushLake(std::stop_token stop) {
  if (pending_.empty()) return {};
  SLUICE_FAILPOINT("s1_seal", "lake");
  const CommitId commit = CommitId::Random();
  SLUICE_ASSIGN(const auto participant, at_.lake.Seal(commit));
  const Staged staged = pending_.Stage(commit, options_.log, claims_);
  SLUICE_TRY(at_.committer.Commit(staged, *participant, stop));
  SLUICE_FAILPOINT("s10_advance", "lake");
  std::vector<OffsetRange> committed;
  for (const auto& range : staged.ranges) {
    committed.push_back(range.counts.range);
    claims_.at(range.counts.range.partition).positions.at(Sink::kLake).next =
        range.counts.range.end;
  }
  pending_.Clear();
  board_.Update(options_.name, [](WorkerStatus& status) {
    ++status.lake_commits;
    status.lake_committed_ms = WallClockMs();
  });
  at_.source.ReportProgress(committed);
  return {};
}

bool Worker::LakeIsDue() const {
  if (pending_.empty()) return false;
  return ElapsedMs(pending_.since()) >= options_.lake_every_ms ||
         at_.lake.OpenFileBytes() >= options_.lake_file_bytes ||
         pending_.reject_bytes() >= kMaxPendingRejectBytes || ReachedTargets();
}

// In `run --once`: everything that was there at the start has been read.
bool Worker::ReachedTargets() const {
  if (options_.targets.empty()) return false;
  return std::all_of(claims_.begin(), claims_.end(), [&](const auto& item) {
    const auto target = options_.targets.find(item.first);
    return target == options_.targets.end() || read_.at(item.first) >= target->second ||
           stopped_.contains(item.first);
  });
}

// With `warehouse.every` the next poll waits until it may commit again.
milliseconds Worker::PollWait() const {
  if (options_.warehouse_every_ms == 0 || at_.warehouse == nullptr) return kPollWait;
  const int64_t left = options_.warehouse_every_ms - ElapsedMs(last_warehouse_commit_);
  return milliseconds(std::clamp<int64_t>(left, kPollWait.count(), 5'000));
}

void Worker::PublishCounts() {
  board_.Update(options_.name, [&](WorkerStatus& status) {
    counts_.AddTo(status, at_.committer.counters(), at_.builder.counters(), at_.source.Counters());
  });
}

void Worker::Publish() {
  board_.Update(options_.name, [&](WorkerStatus& status) {
    status.state = "running";
    status.reason.clear();
    counts_.AddTo(status, at_.committer.counters(), at_.builder.counters(), at_.source.Counters());
    status.partitions.clear();
    for (const auto& [partition, claim] : claims_) {
      const Offset lake = claim.positions.at(Sink::kLake).next;
      const auto warehouse = claim.positions.find(Sink::kWarehouse);
      const auto stopped = stopped_.find(partition);
      status.partitions[partition] = {
          read_.at(partition), warehouse == claim.positions.end() ? lake : warehouse->second.next,
          lake, stopped == stopped_.end() ? std::nullopt : std::optional<Error>(stopped->second)};
    }
  });
}

}  // namespace sluice
