#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/types.h"
#include "ledger/receipt.h"
#include "ledger/transaction.h"
#include "stage/sink.h"
#include "stage/sql.h"

namespace sluice {

/// Keeps other rebuilds of the table away while the session lives. FailsWith kFenced and
/// kRebuildRuns when there is one.
inline constexpr std::string_view kRebuildRuns = "rebuild_runs";
Status HoldRebuild(SqlSession& session, const std::string& pipeline, const std::string& table);
/// Gives back all advisory locks of the session.
Status ReleaseRebuild(SqlSession& session);

/// One sink's position, with what it counted of one silver table below `next`.
struct RebuildMark {
  LogId log;
  PartitionId partition;
  Offset start;
  Offset next;
  int64_t ok = 0;
  int64_t left_out = 0;
};

/// Returns the marks of all logs, by log and partition.
Result<std::vector<RebuildMark>> ReadRebuildMarks(SqlSession& session, const std::string& pipeline,
                                                  Sink sink, const std::string& table);

/// Returns the receipts of what operators did so far that a rebuild must not overlap: replays,
/// which bring records below the marks, and accepted transforms. Sorted.
Result<std::vector<std::string>> ReadInterventions(SqlSession& session,
                                                   const std::string& pipeline);

/// By how much the records that a sink's position counts as left out of the table change.
struct LeftOutChange {
  Sink sink;
  LogId log;
  PartitionId partition;
  int64_t change = 0;
};

/// The commit of a rebuild (adr/0006): the table's new rows in both sinks, at once. Marks stay.
class RebuildTransaction : public Transaction {
 public:
  struct Plan {
    CommitId commit;
    std::string pipeline;
    std::string transform_hash;  ///< of what made the rows
    std::string worker;
    std::string table;
    int32_t backend_pid = 0;                 ///< of the session that holds the rebuild's locks
    std::vector<std::string> interventions;  ///< known when it began
    std::vector<LeftOutChange> left_out;
    int64_t rows = 0;
    std::string ranges;  ///< the receipt's
  };

  /// `parts` are applied in their order and outlive this.
  RebuildTransaction(Plan plan, std::vector<Participant*> parts)
      : plan_(std::move(plan)), parts_(std::move(parts)) {}

  const CommitId& id() const override { return plan_.commit; }
  std::string_view kind() const override { return "rebuild"; }
  /// FailsWith kFenced when it must start over: another session, a replay meanwhile, files that are
  /// gone; kInvalidConfig (E0403) when the transform changed; and as Participant::Apply.
  Status Apply(SqlSession& session) override;
  Status CheckFence(SqlSession& session) override;
  Status AwaitEnd(SqlSession& session) override;

 private:
  Status CheckInterventions(SqlSession& session) const;
  Status ChangeLeftOut(SqlSession& session) const;

  Plan plan_;
  std::vector<Participant*> parts_;
};

}  // namespace sluice
