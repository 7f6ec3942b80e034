#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "ledger/quarantine_filter.h"
#include "ledger/receipt.h"
#include "ledger/staged.h"
#include "ledger/transaction.h"
#include "stage/row_batch.h"
#include "stage/sink.h"
#include "stage/sql.h"

namespace sluice {

/// Unresolved records by what can be done with them.
struct ReplayOutlook {
  int64_t ready = 0;
  int64_t truncated = 0;  ///< not all of the value was kept
  int64_t waiting = 0;    ///< a sink's mark has not passed them yet
};

/// Records for one replay: of one log, by partition and offset. `raw.ranges` has each partition's
/// first and last of them.
struct ReplayBatch {
  RawBatch raw;
  bool in_warehouse = true;  ///< false: from before the warehouse's start, for the lake alone
};

/// Reads the quarantine for a replay. `sinks` are the pipeline's.
class ReplayReader {
 public:
  ReplayReader(std::string pipeline, std::vector<Sink> sinks, QuarantineFilter filter)
      : pipeline_(std::move(pipeline)), sinks_(std::move(sinks)), filter_(std::move(filter)) {}

  Result<ReplayOutlook> Count(SqlSession& session) const;
  /// Returns up to `limit` ready records behind `after`; an empty batch at the end. FailsWith
  /// kInvariant when a value is not what was quarantined.
  Result<ReplayBatch> Next(SqlSession& session, const std::optional<RecordKey>& after,
                           int64_t limit) const;

 private:
  std::string pipeline_;
  std::vector<Sink> sinks_;
  QuarantineFilter filter_;
};

/// The commit of one replay: rows into the tables, records out of the quarantine, counts of both
/// sinks, at once. Its fence is that every record is still unresolved; marks stay where they are.
class ReplayTransaction : public Transaction {
 public:
  struct Plan {
    CommitId commit;
    std::string pipeline;
    std::string transform_hash;  ///< of what made the rows; the ledger must name the same
    std::string worker;
    LogId log;
    std::vector<Sink> sinks;
    std::vector<StagedRange> ranges;  ///< what became of the records; epochs are not used
    std::vector<RecordKey> resolved;  ///< accepted or skipped
    std::vector<Reject> still_bad;
  };

  /// `parts` are applied in their order and outlive this.
  ReplayTransaction(Plan plan, std::vector<Participant*> parts)
      : plan_(std::move(plan)), parts_(std::move(parts)) {}

  const CommitId& id() const override { return plan_.commit; }
  std::string_view kind() const override { return "replay"; }
  /// FailsWith kFenced when somebody else resolved or purged a record of it, kInvalidConfig (E0403)
  /// when the transform changed, and as Participant::Apply.
  Status Apply(SqlSession& session) override;
  /// As Apply's; inside a transaction it keeps the records until the end.
  Status CheckFence(SqlSession& session) override;
  Status AwaitEnd(SqlSession& session) override;

 private:
  std::vector<RecordKey> Keys() const;
  Status Resolve(SqlSession& session) const;
  Status KeepReasons(SqlSession& session) const;
  Status MoveCounts(SqlSession& session) const;
  Receipt MakeReceipt() const;

  Plan plan_;
  std::vector<Participant*> parts_;
};

}  // namespace sluice
