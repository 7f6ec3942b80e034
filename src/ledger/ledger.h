#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/types.h"
#include "stage/sink.h"
#include "stage/source.h"
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
  std::vector<Offset> kept_out;  ///< quarantined offsets in [lake's mark, warehouse's mark), sorted
  Offset ResumeAt() const;       ///< the smallest mark
};

/// The pipeline as the ledger must know it before any record moves.
struct Registration {
  std::string pipeline;
  std::string transform_hash;
  bool accept_transform = false;     ///< `sluice plan --accept`
  std::vector<std::string> targets;  ///< `lake:raw.books`, `warehouse:public.books_silver`
};

/// Records the pipeline, or compares it with what is recorded. FailsWith kInvalidConfig:
/// E0403 when the transform changed (and was not accepted, or the marks of the two sinks differ),
/// E0407 when another pipeline writes a target. Within the caller's own transaction (`plan` rolls
/// it back) or in one of its own.
enum class OpenTransaction { kNo, kYes };
Status RegisterPipeline(SqlSession& session, const Registration& registration,
                        OpenTransaction open = OpenTransaction::kNo);

/// Returns the log of a topic's life, recording it at first sight. A new life of a known topic
/// needs `accept_new` unless both are of an embedded broker: kInvalidConfig, E0402.
Result<LogId> ResolveLog(SqlSession& session, const std::string& pipeline,
                         const TopicIdentity& topic, bool accept_new);

/// Whether the ledger already has a position for a partition (its start is not needed then).
Result<bool> HasPosition(SqlSession& session, const std::string& pipeline, LogId log,
                         PartitionId partition);

/// Returns the smaller of the sinks' marks for each partition of a log.
Result<std::map<PartitionId, Offset>> LeastMarks(SqlSession& session, const std::string& pipeline,
                                                 LogId log);

/// Claims a partition for `worker` (section 4): bumps the epochs of all its sinks in one
/// transaction; at first sight starts them at `start`. A sink that is new in a known partition
/// starts at the other's mark. Backends of fenced owners that hang in a transaction are ended.
Result<Claim> ClaimPartition(SqlSession& session, const std::string& pipeline,
                             const std::string& worker, LogId log, PartitionId partition,
                             const std::vector<Sink>& sinks, Offset start);

/// Ends backends of this pipeline that no longer own anything and whose transaction is older than
/// 10 s. Returns how many.
Result<int64_t> TerminateZombies(SqlSession& session, const std::string& pipeline);

}  // namespace sluice
