#include "ledger/committer.h"

#include <algorithm>
#include <chrono>

#include "core/failpoint.h"
#include "core/log.h"
#include "core/pause.h"
#include "ledger/claims.h"
#include "ledger/mutant.h"
#include "ledger/receipt.h"
#include "ledger/sink_commit.h"

namespace sluice {
namespace {

constexpr int64_t kFirstDelayMs = 50;
constexpr int64_t kMaxDelayMs = 5'000;
// A worker that freezes in a commit holds locks for which others wait: the server ends its session.
// Just above the time that a commit may spend on the object store between two statements.
constexpr std::string_view kBegin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '6s'";
// The same statements over a few rows, each time: to plan one took longer than to run it.
constexpr std::string_view kPlanOnce = "SET plan_cache_mode = force_generic_plan";

// S9. A failpoint's error here is a lost reply: before the statement was sent, or after it.
Status SendCommit(SqlSession& session, [[maybe_unused]] std::string_view kind) {
  SLUICE_FAILPOINT("s9_send", kind);
  SLUICE_TRY(session.Query("COMMIT"));
  SLUICE_FAILPOINT("s9_reply", kind);
  return {};
}

// Whether an error of COMMIT itself leaves open what the server did. A SQLSTATE of its own (a
// deferred constraint, a serialization failure) is a clear no.
bool LeavesDoubt(const Error& error) {
  return error.code.size() != 5 || error.code.starts_with("08") || error.code.starts_with("57P");
}

}  // namespace

Committer::Committer(SqlDatabase& database, CommitterName name,
                     std::function<void(const std::string&)> on_wait)
    : database_(database), name_(std::move(name)), on_wait_(std::move(on_wait)) {}

Result<SqlSession*> Committer::Session() {
  if (!session_ || !session_->IsAlive()) {
    session_.reset();
    SLUICE_ASSIGN(session_,
                  database_.Connect(name_.program + ":" + name_.pipeline + ":" + name_.worker));
    SLUICE_TRY(session_->Query(kPlanOnce));
  }
  return session_.get();
}

Status Committer::Commit(const Staged& staged, Participant& participant, std::stop_token stop) {
  SLUICE_TRY(CheckCounts(staged));
  SinkCommit commit(name_.pipeline, name_.worker, staged, participant);
  return Commit(commit, std::move(stop));
}

Status Committer::Commit(Transaction& transaction, std::stop_token stop) {
  bool in_doubt = false;
  for (int attempt = 0;; ++attempt) {
    Status status = in_doubt ? Settle(transaction) : Attempt(transaction);
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
      if (auto ended = TerminateZombies(**session, name_.pipeline); !ended) {
        Log(LogLevel::kDebug, "zombies could not be looked for",
            {{"error", ended.error().message}});
      }
    }
  }
  const int64_t delay = std::min(kMaxDelayMs, kFirstDelayMs << std::min(attempt, 10));
  PauseFor(std::chrono::milliseconds(delay), stop);
}

// A session that lay idle may be dead unseen, as when the server was started again meanwhile: a new
// one begins at once, which also lets the last commit of a run that stops succeed.
Result<SqlSession*> Committer::Begin() {
  const bool was_idle = session_ != nullptr;
  SLUICE_ASSIGN(SqlSession * session, Session());
  const auto begun = session->Query(kBegin);
  if (begun) return session;
  if (!was_idle || session->IsAlive()) return Fail(begun.error());
  SLUICE_ASSIGN(session, Session());
  SLUICE_TRY(session->Query(kBegin));
  return session;
}

Status Committer::Attempt(Transaction& transaction) {
  SLUICE_ASSIGN(SqlSession* const session, Begin());
  if (Status status = transaction.Apply(*session); !status) {
    if (auto rollback = session->Query("ROLLBACK"); !rollback) session_.reset();
    // Another worker that has taken over and committed the same rows makes ours doubles.
    if (session_ && status.error().kind == ErrorKind::kBadData) {
      SLUICE_TRY(transaction.CheckFence(*session_));
    }
    return status;
  }
  if (auto committed = SendCommit(*session, transaction.kind()); !committed) {
    Error error = committed.error();
    if (LeavesDoubt(error)) {
      session_.reset();
      error.kind = ErrorKind::kCommitUnknown;
    }
    return Fail(std::move(error));
  }
  return {};
}

// Reads the ledger back after a lost COMMIT, once its transaction has ended for certain.
Status Committer::Settle(Transaction& transaction) {
  SLUICE_FAILPOINT("settle", transaction.kind());
  const auto unknown = [&](Error error) {
    session_.reset();
    error.kind = ErrorKind::kCommitUnknown;
    return Fail(std::move(error));
  };
  auto session = Session();
  if (!session) return unknown(session.error());
  if (auto ended = transaction.AwaitEnd(**session); !ended) return unknown(ended.error());
  const auto applied = HasReceipt(**session, transaction.id());
  if (!applied) return unknown(applied.error());
  if (*applied) {
    ++counters_.doubts_applied;
    return {};
  }
  if (auto ours = transaction.CheckFence(**session); !ours) {
    if (ours.error().kind == ErrorKind::kFenced) return ours;
    return unknown(ours.error());
  }
  return Fail(ErrorKind::kRetryable, "the commit whose reply was lost did not happen", {},
              "not_applied");
}

}  // namespace sluice
