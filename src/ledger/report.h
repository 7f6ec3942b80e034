#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/types.h"
#include "stage/sink.h"
#include "stage/sql.h"

namespace sluice {

/// One row of sluice.position with its log, for people and for `verify`.
struct PositionReport {
  Sink sink;
  LogId log;
  std::string topic;
  std::string topic_uuid;
  std::string cluster_id;
  bool embedded = false;
  PartitionId partition;
  Offset start;
  Offset next;
  int64_t ok = 0;
  int64_t quarantined = 0;
  int64_t skipped = 0;
  int64_t purged = 0;   ///< of the quarantined: deleted for good
  std::string stopped;  ///< code and message of why its worker cannot go on; empty: it can
  std::string owner;
  std::string updated_at;  ///< empty: nothing was committed yet
};

/// What one reason put into the quarantine.
struct QuarantineCount {
  std::string reason;
  int64_t records = 0;
  std::string last_at;
};

struct DbtReport {
  std::string invocation_id;
  std::string started_at;
  double seconds = 0;
  bool ok = false;
  int64_t models = 0, tests = 0, passed = 0, warned = 0, failed = 0, errored = 0;
};

struct CommitReport {
  Sink sink;
  int64_t commits = 0;
  std::string last_at;
};

/// The commits of the lake's maintenance whose receipts are there.
struct MaintenanceReport {
  int64_t commits = 0;
  std::string last_at;  ///< empty: none
};

/// Returns the pipeline's positions, by log, partition and sink; none when it never ran.
Result<std::vector<PositionReport>> ReadPositions(SqlSession& session, const std::string& pipeline);
Result<std::vector<CommitReport>> ReadCommits(SqlSession& session, const std::string& pipeline);
Result<MaintenanceReport> ReadMaintenance(SqlSession& session, const std::string& pipeline);
/// Counts unresolved records by reason, the most first.
Result<std::vector<QuarantineCount>> ReadQuarantine(SqlSession& session,
                                                    const std::string& pipeline);
Result<std::optional<DbtReport>> ReadLastBuild(SqlSession& session, const std::string& pipeline);

}  // namespace sluice
