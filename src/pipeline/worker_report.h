#pragma once

#include <map>
#include <string>

#include "core/error.h"
#include "ledger/claims.h"
#include "ledger/committer.h"
#include "pipeline/status_board.h"
#include "stage/row_batch.h"
#include "stage/sink.h"

namespace sluice {

/// Adds a batch that both sinks will hold to the worker's sums.
void ReportAccepted(StatusBoard& board, const std::string& worker, const RowBatch& rows);

void ReportCommit(StatusBoard& board, const std::string& worker, Sink sink);

/// Tells how far each owned partition is. `read` has the next offset of each.
void ReportPartitions(StatusBoard& board, const std::string& worker,
                      const std::map<PartitionId, Claim>& claims,
                      const std::map<PartitionId, Offset>& read,
                      const std::map<PartitionId, Error>& stopped);

/// Returns the counts of both committers together.
CommitCounters Sum(CommitCounters a, const CommitCounters& b);

}  // namespace sluice
