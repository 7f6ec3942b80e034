#include "ledger/sink_commit.h"

#include <fmt/format.h>

#include <array>

#include "core/failpoint.h"
#include "ledger/marks.h"
#include "ledger/mutant.h"
#include "ledger/quarantine.h"

namespace sluice {
namespace {

std::string RangesJson(const Staged& staged) {
  std::string json = "[";
  for (const auto& [counts, epoch, left_out] : staged.ranges) {
    if (json.size() > 1) json += ',';
    json += fmt::format(R"({{"log":{},"partition":{},"start":{},"end":{},"delivered":{},"ok":{},)"
                        R"("quarantined":{},"skipped":{}}})",
                        staged.log.value, counts.range.partition.value, counts.range.start.value,
                        counts.range.end.value, counts.delivered, counts.ok, counts.quarantined,
                        counts.skipped);
  }
  return json + "]";
}

}  // namespace

Status CheckCounts(const Staged& staged) {
  int64_t quarantined = 0;
  for (const auto& [counts, epoch, left_out] : staged.ranges) {
    quarantined += counts.quarantined;
    if (counts.ok + counts.quarantined + counts.skipped == counts.delivered &&
        counts.range.start <= counts.range.end) {
      continue;
    }
    return Fail(ErrorKind::kInvariant,
                fmt::format("counts of partition {} do not add up: {} ok + {} quarantined + {} "
                            "skipped, {} delivered",
                            counts.range.partition.value, counts.ok, counts.quarantined,
                            counts.skipped, counts.delivered));
  }
  if (!staged.quarantine.empty() && quarantined != static_cast<int64_t>(staged.quarantine.size())) {
    return Fail(ErrorKind::kInvariant, fmt::format("{} rejects for {} quarantined records",
                                                   staged.quarantine.size(), quarantined));
  }
  return {};
}

Status SinkCommit::PutData(SqlSession& session) {
  SLUICE_TRY(participant_.Apply(session, staged_.commit));
  return WriteQuarantine(session, pipeline_, staged_.log, staged_.commit, staged_.quarantine);
}

Status SinkCommit::PutMarks(SqlSession& session) {
  SLUICE_TRY(MoveMarks(session, pipeline_, staged_));
  SLUICE_FAILPOINT("s8_fence", kind());
  SLUICE_TRY(CountLeftOut(session, pipeline_, staged_));
  SLUICE_TRY(InsertReceipt(session, MakeReceipt()));
  SLUICE_FAILPOINT("s8_receipt", kind());
  return {};
}

Status SinkCommit::CheckFence(SqlSession& session) {
  return sluice::CheckFence(session, pipeline_, staged_);
}

// The lake asks first, since objects that no commit will cover are dear; for rows of PostgreSQL the
// fence of S8 is enough.
Status SinkCommit::Apply(SqlSession& session) {
  if (staged_.sink == Sink::kLake) SLUICE_TRY(CheckFence(session));
  SLUICE_FAILPOINT("s3_begin", kind());
  if (kMutant == Mutant::kMarksFirst) {
    SLUICE_TRY(PutMarks(session));
    SLUICE_TRY(session.Query("COMMIT AND CHAIN"));
    return PutData(session);
  }
  SLUICE_TRY(PutData(session));
  if (CommitsDataFirst(staged_.sink)) SLUICE_TRY(session.Query("COMMIT AND CHAIN"));
  return PutMarks(session);
}

Receipt SinkCommit::MakeReceipt() const {
  Receipt receipt{.commit = staged_.commit,
                  .pipeline = pipeline_,
                  .kind = kind(),
                  .ranges = RangesJson(staged_),
                  .snapshots = participant_.Snapshots(),
                  .worker = worker_};
  for (const auto& [counts, epoch, left_out] : staged_.ranges) {
    receipt.ok += counts.ok;
    receipt.quarantined += counts.quarantined;
    receipt.skipped += counts.skipped;
  }
  return receipt;
}

// FOR UPDATE waits for the old backend: a plain SELECT can lie while it still holds the row.
Status SinkCommit::AwaitEnd(SqlSession& session) {
  const PartitionId first = staged_.ranges.front().counts.range.partition;
  const std::array<SqlValue, 4> params{pipeline_, std::string(Name(staged_.sink)),
                                       TextOf(staged_.log.value), TextOf(first.value)};
  SLUICE_TRY(
      session.Query("SELECT 1 FROM sluice.position WHERE pipeline = $1 AND sink = $2 AND "
                    "log_id = $3::int AND partition = $4::int FOR UPDATE",
                    params));
  return {};
}

}  // namespace sluice
