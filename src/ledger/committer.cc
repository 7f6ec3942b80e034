#include "ledger/committer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "core/failpoint.h"
#include "core/log.h"
#include "core/pause.h"
#include "core/text.h"
#include "ledger/claims.h"
#include "ledger/marks.h"
#include "ledger/mutant.h"
#include "ledger/quarantine.h"

namespace sluice {
namespace {

constexpr int64_t kFirstDelayMs = 50;
constexpr int64_t kMaxDelayMs = 5'000;
// A worker that freezes in here holds locks for which others wait: the server ends its session.
// Just above the time that a commit may spend on the object store between two statements.
constexpr std::string_view kBegin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '6s'";

SqlValue Text(int64_t number) {
  return std::to_string(number);
}

// ok + quarantined + skipped == delivered, for every range (S1).
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

std::string SnapshotsJson(const Participant& participant) {
  std::string json = "{";
  for (const auto& [table, snapshot] : participant.Snapshots()) {
    if (json.size() > 1) json += ',';
    json += JsonQuote(table) + ":" + std::to_string(snapshot);
  }
  return json + "}";
}

constexpr std::string_view kInsertCommit =
    "INSERT INTO sluice.commit (commit_id, pipeline, sink, ranges, n_ok, n_quarantined, n_skipped, "
    "snapshots, worker) VALUES ($1::uuid, $2, $3, $4::jsonb, $5::bigint, $6::bigint, $7::bigint, "
    "$8::jsonb, $9){}";
// The receipt's key alone would refuse a blind retry.
constexpr std::string_view kConflict =
    kMutant == Mutant::kBlindRetry ? " ON CONFLICT DO NOTHING" : "";

Status InsertCommit(SqlSession& session, const std::string& pipeline, const std::string& worker,
                    const Staged& staged, const Participant& participant) {
  int64_t ok = 0, quarantined = 0, skipped = 0;
  for (const auto& [counts, epoch, left_out] : staged.ranges) {
    ok += counts.ok;
    quarantined += counts.quarantined;
    skipped += counts.skipped;
  }
  const std::array<SqlValue, 9> params{staged.commit.value,
                                       pipeline,
                                       std::string(Name(staged.sink)),
                                       RangesJson(staged),
                                       Text(ok),
                                       Text(quarantined),
                                       Text(skipped),
                                       SnapshotsJson(participant),
                                       worker};
  SLUICE_TRY(session.Query(fmt::format(kInsertCommit, kConflict), params));
  SLUICE_FAILPOINT("s8_receipt", Name(staged.sink));
  return {};
}

// S9. A failpoint's error here is a lost reply: before the statement was sent, or after it.
Status SendCommit(SqlSession& session, [[maybe_unused]] Sink sink) {
  SLUICE_FAILPOINT("s9_send", Name(sink));
  SLUICE_TRY(session.Query("COMMIT"));
  SLUICE_FAILPOINT("s9_reply", Name(sink));
  return {};
}

// Whether an error of COMMIT itself leaves open what the server did. A SQLSTATE of its own (a
// deferred constraint, a serialization failure) is a clear no.
bool LeavesDoubt(const Error& error) {
  return error.code.size() != 5 || error.code.starts_with("08") || error.code.starts_with("57P");
}

}  // namespace

Committer::Committer(SqlDatabase& database, std::string pipeline, std::string worker,
                     std::function<void(const std::string&)> on_wait)
    : database_(database),
      pipeline_(std::move(pipeline)),
      worker_(std::move(worker)),
      on_wait_(std::move(on_wait)) {}

Result<SqlSession*> Committer::Session() {
  if (!session_ || !session_->IsAlive()) {
    session_.reset();
    SLUICE_ASSIGN(session_, database_.Connect("sluice:" + pipeline_ + ":" + worker_));
  }
  return session_.get();
}

Status Committer::Commit(const Staged& staged, Participant& participant, std::stop_token stop) {
  SLUICE_TRY(CheckCounts(staged));
  bool in_doubt = false;
  for (int attempt = 0;; ++attempt) {
    Status status = in_doubt ? Settle(staged) : Attempt(staged, participant);
    if (status) {
      if (attempt > 0) on_wait_("");
      ++counters_.commits;
      return status;
    }
    const Error& error = status.error();
    if (error.kind == ErrorKind::kFenced) ++counters_.fenced;
    const bool again =
        error.kind == ErrorKind::kRetryable || error.kind == ErrorKind::kCommitUnknown;
    if (!again) return status;
    if (error.kind == ErrorKind::kCommitUnknown && kMutant != Mutant::kBlindRetry) {
      if (!in_doubt) ++counters_.doubts;
      in_doubt = true;
    } else if (in_doubt && error.code == "not_applied") {
      in_doubt = false;
    }
    ++counters_.retries;
    if (stop.stop_requested())
      return Fail(ErrorKind::kShutdown, "stopped before a commit: " + error.message);
    WaitBeforeRetry(error, attempt, stop);
  }
}

void Committer::WaitBeforeRetry(const Error& error, int attempt, std::stop_token stop) {
  on_wait_(error.message);
  if (attempt == 0) LogError("a commit waits and will be tried again", error);
  // The server became a standby: a new session finds the primary, where several hosts are named.
  if (error.code == "25006") session_.reset();
  if (error.code == "55P03") {
    // Somebody holds a lock for too long: a fenced worker that froze, perhaps.
    if (auto session = Session(); session) {
      if (auto ended = TerminateZombies(**session, pipeline_); !ended) {
        Log(LogLevel::kDebug, "zombies could not be looked for",
            {{"error", ended.error().message}});
      }
    }
  }
  const int64_t delay = std::min(kMaxDelayMs, kFirstDelayMs << std::min(attempt, 10));
  PauseFor(std::chrono::milliseconds(delay), stop);
}

Status Committer::Attempt(const Staged& staged, Participant& participant) {
  SLUICE_ASSIGN(SqlSession* const session, Session());
  SLUICE_TRY(session->Query(kBegin));
  const auto data = [&]() -> Status {
    SLUICE_TRY(participant.Apply(*session, staged.commit));
    return WriteQuarantine(*session, pipeline_, staged.log, staged.commit, staged.quarantine);
  };
  const auto marks = [&]() -> Status {
    SLUICE_TRY(MoveMarks(*session, pipeline_, staged));
    SLUICE_FAILPOINT("s8_fence", Name(staged.sink));
    SLUICE_TRY(CountLeftOut(*session, pipeline_, staged));
    return InsertCommit(*session, pipeline_, worker_, staged, participant);
  };
  const auto body = [&]() -> Status {
    SLUICE_TRY(CheckFence(*session, pipeline_, staged));
    SLUICE_FAILPOINT("s3_begin", Name(staged.sink));
    if (kMutant == Mutant::kMarksFirst) {
      SLUICE_TRY(marks());
      SLUICE_TRY(session->Query("COMMIT AND CHAIN"));
      return data();
    }
    SLUICE_TRY(data());
    if (CommitsDataFirst(staged.sink)) SLUICE_TRY(session->Query("COMMIT AND CHAIN"));
    return marks();
  };
  if (Status status = body(); !status) {
    if (auto rollback = session->Query("ROLLBACK"); !rollback) session_.reset();
    // Another worker that has taken over and committed the same rows makes ours doubles.
    if (session_ && status.error().kind == ErrorKind::kBadData) {
      SLUICE_TRY(CheckFence(*session_, pipeline_, staged));
    }
    return status;
  }
  if (auto committed = SendCommit(*session, staged.sink); !committed) {
    Error error = committed.error();
    if (LeavesDoubt(error)) {
      session_.reset();
      error.kind = ErrorKind::kCommitUnknown;
    }
    return Fail(std::move(error));
  }
  return {};
}

// Reads the ledger back after a lost COMMIT. FOR UPDATE waits for the old backend: a plain SELECT
// can lie while it still holds the row.
Status Committer::Settle(const Staged& staged) {
  SLUICE_FAILPOINT("settle", Name(staged.sink));
  const auto unknown = [&](Error error) {
    session_.reset();
    error.kind = ErrorKind::kCommitUnknown;
    return Fail(std::move(error));
  };
  auto session = Session();
  if (!session) return unknown(session.error());
  const StagedRange& first = staged.ranges.front();
  const std::array<SqlValue, 4> params{pipeline_, std::string(Name(staged.sink)),
                                       Text(staged.log.value),
                                       Text(first.counts.range.partition.value)};
  auto rows = (*session)->Query(
      "SELECT owner_epoch, next_offset FROM sluice.position WHERE pipeline = $1 AND sink = $2 AND "
      "log_id = $3::int AND partition = $4::int FOR UPDATE",
      params);
  if (!rows) return unknown(rows.error());
  const std::array<SqlValue, 1> commit{staged.commit.value};
  auto mine = (*session)->Query("SELECT 1 FROM sluice.commit WHERE commit_id = $1::uuid", commit);
  if (!mine) return unknown(mine.error());
  if (!mine->rows.empty()) {
    ++counters_.doubts_applied;
    return {};
  }
  if (rows->rows.size() != 1 || rows->rows[0][0] != Text(first.epoch.value)) {
    return Fail(ErrorKind::kFenced, fmt::format("another worker owns partition {}",
                                                first.counts.range.partition.value));
  }
  return Fail(ErrorKind::kRetryable, "the commit whose reply was lost did not happen", {},
              "not_applied");
}

}  // namespace sluice
