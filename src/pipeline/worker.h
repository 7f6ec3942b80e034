#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/clock.h"
#include "core/result.h"
#include "ledger/claims.h"
#include "ledger/committer.h"
#include "pipeline/batch_builder.h"
#include "pipeline/lake_lane.h"
#include "pipeline/life_counts.h"
#include "pipeline/status_board.h"
#include "pipeline/storm_watch.h"
#include "stage/sink.h"
#include "stage/source.h"

namespace sluice {

struct WorkerOptions {
  std::string name;
  int32_t number = 0;   ///< within its process
  int32_t workers = 1;  ///< of its process
  std::string pipeline;
  std::string transform_hash;
  LogId log;
  int64_t warehouse_every_ms = 0;
  std::vector<std::string> silver_tables;  ///< full names, by index
  std::map<PartitionId, Offset> targets;   ///< `run --once`: flush when all owned are there
  StormLimit storm;
};

/// The stations of one worker; all outlive it.
struct Stations {
  Source& source;
  BatchBuilder& builder;
  LakeLane& lake;
  WarehouseSink* warehouse;  ///< null in a pipeline without warehouse tables
  Committer& committer;
};

/// One life of a worker: claim, then poll → decode → transform → commit, until `stop`. Everything
/// it knows can be had again from the ledger and the topic, so any trouble ends the life and the
/// next one starts clean:
///
///   until stopped:
///     polled = source.Poll()
///     take what the group gave, give back what it took
///     rows = build(polled)
///     wait for the warehouse commit of the batch before; give that to the lake's lane
///     begin the warehouse commit of the rows that it has not yet
///     take note of what the lane committed
///   lake commit
///
/// A large batch is committed by a thread of its own while the next is read and built; a small one
/// at once, so that whatever arrives meanwhile makes the next one.
class Worker {
 public:
  Worker(WorkerOptions options, Stations stations, StatusBoard& board,
         std::function<void()> on_warehouse_commit);

  /// Returns when stopped with everything committed. FailsWith kFenced, kRetryable (start a new
  /// life), kShutdown (stopped, but not all is committed), kInvariant, kFatal.
  Status Run(std::stop_token stop);

 private:
  Status Live(std::stop_token stop);
  Status Step(std::stop_token stop);
  Status TakeGroupChange(const GroupChange& change, std::stop_token stop);
  Status ClaimAndAssign(std::span<const PartitionId> partitions);
  Result<std::map<PartitionId, Offset>> FirstOffsets(std::span<const PartitionId> partitions);
  Status GiveBack(const GroupChange& change, std::stop_token stop);
  void StopPartition(PartitionId partition, const Error& error);
  Status StopAtStorms(const std::vector<Storm>& storms, RawBatch raw, std::stop_token stop);
  void RemoveForeign(RawBatch& raw) const;
  Status Process(RawBatch raw, std::stop_token stop);
  Status CatchUp(RawBatch raw);
  Status Take(RawBatch raw, std::stop_token stop);

  /// A batch on its way into the warehouse.
  struct OpenCommit {
    RawBatch raw;
    std::shared_ptr<RowBatch> rows;
    std::unique_ptr<Participant> participant{};
    Staged staged{};
    std::future<Status> outcome{};  // last: its end waits for the thread that uses the others
  };
  Status StageWarehouse(OpenCommit& open);
  Status SendWarehouse(OpenCommit& open, std::stop_token stop);
  Status BeginWarehouse(OpenCommit next, std::stop_token stop);
  /// Waits until nothing is on its way: what follows may use the committer and the marks.
  Status FinishWarehouse(std::stop_token stop);
  Status FinishOne(OpenCommit& open, std::stop_token stop);
  Result<std::vector<Storm>> TakeOutRejects(OpenCommit& open, const Error& refusal);
  Status NoteWarehouse(const RowBatch& rows);
  Status Accept(const RawBatch& raw, std::shared_ptr<RowBatch> rows);
  Status AppendToLake(std::shared_ptr<const RowBatch> rows);
  Status FlushLake(std::stop_token stop);
  void NoteLake();
  bool ReachedTargets() const;
  PollTime NextPoll() const;
  void Publish();
  void PublishCounts();

  WorkerOptions options_;
  Stations at_;
  StatusBoard& board_;
  std::function<void()> on_warehouse_commit_;
  std::map<PartitionId, Claim> claims_;
  std::map<PartitionId, Offset> read_;
  std::map<PartitionId, Error> stopped_;
  StormWatch storms_;
  CommitCounters lake_counters_;
  std::string lake_waits_for_;
  LifeCounts counts_;
  SteadyTime last_batch_{};
  std::unique_ptr<OpenCommit> open_;  // while it is there, its thread has the committer
};

}  // namespace sluice
