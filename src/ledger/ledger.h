#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/types.h"
#include "stage/source.h"
#include "stage/sql.h"

namespace sluice {

/// The pipeline as the ledger must know it before any record moves.
struct Registration {
  std::string pipeline;
  std::string transform_hash;
  bool accept_transform = false;     ///< `sluice plan --accept`: workers of the old are fenced
  std::vector<std::string> targets;  ///< `lake:raw.books`, `warehouse:public.books_silver`
};

/// Records the pipeline, or compares it with what is recorded. FailsWith kInvalidConfig:
/// E0403 when the transform changed (and was not accepted, or the marks of the two sinks differ),
/// E0407 when another pipeline writes a target. Within the caller's own transaction (`plan` rolls
/// it back) or in one of its own.
enum class OpenTransaction { kNo, kYes };
Status RegisterPipeline(SqlSession& session, const Registration& registration,
                        OpenTransaction open = OpenTransaction::kNo);

/// Holds the pipeline's transform until the transaction ends: shared by all who make rows by it, or
/// against them too. FailsWith kInvalidConfig (E0403) when the ledger has another.
enum class TransformLock { kShared, kAlone };
Status HoldTransform(SqlSession& session, const std::string& pipeline, const std::string& hash,
                     TransformLock lock = TransformLock::kShared);

/// Returns the log of a topic's life, when the pipeline has recorded it.
Result<std::optional<LogId>> FindLog(SqlSession& session, const std::string& pipeline,
                                     const TopicIdentity& topic);

/// Returns the log of a topic's life, recording it at first sight. A new life of a known topic
/// needs `accept_new` unless both are of an embedded broker: kInvalidConfig, E0402.
Result<LogId> ResolveLog(SqlSession& session, const std::string& pipeline,
                         const TopicIdentity& topic, bool accept_new);

/// Returns the smaller of the sinks' marks for each partition of a log.
Result<std::map<PartitionId, Offset>> LeastMarks(SqlSession& session, const std::string& pipeline,
                                                 LogId log);

/// Notes why a partition cannot go on, for those who look from outside; its next claim takes the
/// note away. Writes nothing when another owns it by now.
Status NoteStopped(SqlSession& session, const std::string& pipeline, const std::string& worker,
                   LogId log, PartitionId partition, const Error& error);

}  // namespace sluice
