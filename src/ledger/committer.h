#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "core/result.h"
#include "ledger/staged.h"
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

/// Steps S3 to S9 of commit-protocol.md: the only code that commits records. Owns its session and
/// connects again when it is lost. Used by one thread.
class Committer {
 public:
  /// `on_wait` is told why a commit waits (a service is away), and "" when it goes on.
  Committer(SqlDatabase& database, std::string pipeline, std::string worker,
            std::function<void(const std::string&)> on_wait);

  /// Commits all of it, or nothing. Retries what may be retried, without end, with back-off, until
  /// `stop` (then kShutdown). FailsWith kFenced when another owns a partition (drop everything,
  /// join anew), kBadData when PostgreSQL refuses a row, kInvariant when counts differ, kFatal.
  Status Commit(const Staged& staged, Participant& participant, std::stop_token stop);

  /// Returns a live session outside of any transaction; connects when needed. The pointer is good
  /// until the next call of this object.
  Result<SqlSession*> Session();

  const CommitCounters& counters() const { return counters_; }

 private:
  Status Attempt(const Staged& staged, Participant& participant);
  Status Settle(const Staged& staged);
  void WaitBeforeRetry(const Error& error, int attempt, std::stop_token stop);

  SqlDatabase& database_;
  std::string pipeline_;
  std::string worker_;
  std::function<void(const std::string&)> on_wait_;
  std::unique_ptr<SqlSession> session_;
  CommitCounters counters_;
};

}  // namespace sluice
