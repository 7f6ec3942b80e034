#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/types.h"
#include "stage/sink.h"
#include "stage/sql.h"

namespace sluice {

/// What the ledger says of one sink in one partition.
struct Position {
  Offset start;
  Offset next;
  Epoch epoch;
};

/// A partition as claimed by this worker.
struct Claim {
  PartitionId partition;
  std::map<Sink, Position> positions;
  std::vector<Offset> kept_out{};  ///< quarantined offsets in [lake's mark, warehouse's), sorted
  Offset ResumeAt() const;         ///< the smallest mark
};

/// Whose claims these are.
struct Claimant {
  std::string pipeline;
  std::string worker;
  LogId log;
  std::vector<Sink> sinks;
  std::string transform_hash{};  ///< of what will make the rows; empty: none are made
};

/// Records where partitions start that have no position yet; others stay as they are. For a log
/// that nobody has read: all its partitions at once, so that a later one is known to be new.
Status StartPartitions(SqlSession& session, const Claimant& claimant,
                       const std::map<PartitionId, Offset>& partitions);

/// Claims partitions (section 4): bumps the epochs of all their sinks in one transaction; at first
/// sight starts them at the offset given here, which is not used otherwise. A sink that is new in a
/// known partition starts at the other's mark. Sessions of fenced owners that hang in a transaction
/// are ended. FailsWith kRetryable (55P03) when somebody holds a position for too long,
/// kInvalidConfig (E0403) when another transform was accepted.
Result<std::vector<Claim>> ClaimPartitions(SqlSession& session, const Claimant& claimant,
                                           const std::map<PartitionId, Offset>& partitions);

/// Ends sessions of this pipeline's workers that own nothing any more and whose transaction is
/// older than 10 s. Returns how many.
Result<int64_t> TerminateZombies(SqlSession& session, const std::string& pipeline);

}  // namespace sluice
