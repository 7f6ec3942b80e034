#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "ledger/quarantine_filter.h"
#include "stage/sink.h"
#include "stage/sql.h"

namespace sluice {

struct PurgeCounts {
  int64_t resolved = 0;
  int64_t unresolved = 0;
  int64_t waiting = 0;  ///< chosen, but a sink still has to pass them: they stay
};

/// Deletes records of the quarantine for good. `sinks` are the pipeline's.
class RecordPurge {
 public:
  RecordPurge(std::string pipeline, std::vector<Sink> sinks, QuarantineFilter filter)
      : pipeline_(std::move(pipeline)), sinks_(std::move(sinks)), filter_(std::move(filter)) {}

  /// Counts what would be deleted.
  Result<PurgeCounts> Count(SqlSession& session) const;
  /// Deletes up to `limit` records, in a transaction of its own. Those that were never resolved
  /// stay counted (`position.n_purged`), so that `verify` still comes out even. Returns what it
  /// deleted; nothing when there is no more.
  Result<PurgeCounts> Delete(SqlSession& session, int64_t limit) const;

 private:
  std::string pipeline_;
  std::vector<Sink> sinks_;
  QuarantineFilter filter_;
};

}  // namespace sluice
