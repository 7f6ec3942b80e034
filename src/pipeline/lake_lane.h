#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/result.h"
#include "ledger/committer.h"
#include "pipeline/lake_pending.h"
#include "stage/sink.h"

namespace sluice {

struct LakeLaneOptions {
  LogId log;
  int64_t every_ms = 30'000;
  int64_t file_bytes = 128 << 20;    ///< a commit is due when an open file holds so many
  int64_t record_bytes = INT64_MAX;  ///< and when so many of records wait for one
  std::vector<std::string> silver_tables;
  bool keep_rejects = false;         ///< the quarantine rides with the lake: there is no warehouse
  int64_t waiting_bytes = 16 << 20;  ///< of records before the lane; more wait for it
};

/// The lake's side of one worker, in a thread of its own: it appends accepted rows to the open
/// files and commits them when that is due, while the worker reads and commits to the warehouse.
/// Has a session of its own. Used by one thread besides its own.
class LakeLane {
 public:
  /// Opens its session. FailsWith kRetryable when that or the thread cannot be had, kInvalidConfig
  /// when PostgreSQL refuses us. `lake` is prepared and outlives it.
  static Result<std::unique_ptr<LakeLane>> Start(LakeLaneOptions options, LakeSink& lake,
                                                 SqlDatabase& database, CommitterName name);
  /// Rows that no commit covers yet are dropped with the lane.
  ~LakeLane();

  /// Takes a batch over; `epochs` are the claims' that allow its ranges, in their order. Waits
  /// while too much waits already. FailsWith what ended the lane: kFenced, kRetryable, kShutdown,
  /// kInvariant, kFatal.
  Status Append(std::shared_ptr<const RowBatch> rows, std::vector<Epoch> epochs);
  /// Returns when all that was appended is committed. FailsWith what ended the lane.
  Status Flush();
  /// FailsWith what ended the lane.
  Status Check() const;
  /// A commit that waits for a service gives up: kShutdown. Thread-safe.
  void Stop() { stop_.request_stop(); }

  struct News {
    std::vector<OffsetRange> committed;
    int64_t commits = 0;
    std::string waits_for;  ///< why its commit waits; empty: it does not
    CommitCounters counters;
  };
  /// Returns what happened since the last call; the counters are sums.
  News TakeNews();
  /// Whether a batch was appended that no commit covers.
  bool HasOpenRows() const;

 private:
  LakeLane(LakeLaneOptions options, LakeSink& lake, SqlDatabase& database, CommitterName name);

  struct Batch {
    std::shared_ptr<const RowBatch> rows;
    std::vector<Epoch> epochs;
  };
  void Run();
  Status Take(Batch batch);
  Status Commit();
  bool IsDue() const;
  void AwaitWork(std::unique_lock<std::mutex>& lock);

  const LakeLaneOptions options_;
  LakeSink& lake_;  // its thread's alone, as the next two
  LakePending pending_;
  Committer committer_;
  std::stop_source stop_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  int64_t waiting_bytes_ = 0;
  bool flush_ = false;  // asked for, not done
  bool has_open_rows_ = false;
  bool closing_ = false;
  News news_;
  std::optional<Error> failure_;

  std::thread thread_;  // last: it uses all the others
};

}  // namespace sluice
