#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/types.h"
#include "stage/sink.h"
#include "stage/sql.h"

namespace sluice {

/// One row of sluice.commit, written in the transaction that it tells of.
struct Receipt {
  CommitId commit;
  std::string pipeline;
  std::string_view kind;  ///< `warehouse`, `lake` move marks; `replay`, `rebuild`, `accept` do not
  std::string ranges;     ///< a JSON array of what was done by log and partition
  int64_t ok = 0, quarantined = 0, skipped = 0;
  std::map<std::string, int64_t> snapshots;  ///< by lake table
  std::string worker;
};

Status InsertReceipt(SqlSession& session, const Receipt& receipt);

/// Returns whether there is one.
Result<bool> HasReceipt(SqlSession& session, const CommitId& commit);

/// Removes receipts older than that, but never the last one of a mark: settling a doubt looks for
/// receipts of this moment only. Returns how many went, or with `dry_run` would go.
Result<int64_t> PruneReceipts(SqlSession& session, const std::string& pipeline, int64_t age_ms,
                              bool dry_run);

/// Returns the snapshots that all parts made.
std::map<std::string, int64_t> SnapshotsOf(std::span<Participant* const> parts);

}  // namespace sluice
