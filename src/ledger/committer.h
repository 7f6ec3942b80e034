#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "core/result.h"
#include "ledger/staged.h"
#include "ledger/transaction.h"
#include "stage/sql.h"

namespace sluice {

/// Counts of one committer since it was made; for status and metrics.
struct CommitCounters {
  int64_t commits = 0;
  int64_t retries = 0;
  int64_t fenced = 0;
  int64_t doubts = 0;          ///< COMMIT sent, reply lost
  int64_t doubts_applied = 0;  ///< of them, those that turned out committed
};

/// Who commits: names the session, which is `program:pipeline:worker`.
struct CommitterName {
  std::string pipeline;
  std::string worker;
  std::string program = "sluice";  ///< sessions of others are never taken for a fenced worker's
};

/// Steps S3 to S9 of commit-protocol.md: the only code that commits records. Owns its session and
/// connects again when it is lost. Used by one thread.
class Committer {
 public:
  /// `on_wait` is told why a commit waits (a service is away), and "" when it goes on.
  Committer(SqlDatabase& database, CommitterName name,
            std::function<void(const std::string&)> on_wait);

  /// Commits all of it, or nothing. Retries what may be retried, without end, with back-off, until
  /// `stop` (then kShutdown). FailsWith kFenced when another owns a partition (drop everything,
  /// join anew), kBadData when PostgreSQL refuses a row, kInvariant when counts differ, kFatal.
  Status Commit(const Staged& staged, Participant& participant, std::stop_token stop);
  /// The same for any transaction; kFenced when it has been overtaken.
  Status Commit(Transaction& transaction, std::stop_token stop);

  /// Returns a live session outside of any transaction; connects when needed. The pointer is good
  /// until the next call of this object.
  Result<SqlSession*> Session();

  const CommitCounters& counters() const { return counters_; }

 private:
  Result<SqlSession*> Begin();
  Status Attempt(Transaction& transaction);
  Status Settle(Transaction& transaction);
  void WaitBeforeRetry(const Error& error, int attempt, std::stop_token stop);

  SqlDatabase& database_;
  CommitterName name_;
  std::function<void(const std::string&)> on_wait_;
  std::unique_ptr<SqlSession> session_;
  CommitCounters counters_;
};

}  // namespace sluice
