#pragma once

#include <span>
#include <string>

#include "core/result.h"
#include "ledger/staged.h"
#include "stage/sql.h"

namespace sluice {

/// Of a larger value only so much is kept; its length and hash are always of the whole.
inline constexpr size_t kQuarantinedValueBytes = 8 << 20;
inline constexpr size_t kTooLargeValueBytes = 64 << 10;

/// Writes the rejects of a commit into sluice.quarantine, inside the open transaction.
/// FailsWith kInvariant when the server took another number of rows.
Status WriteQuarantine(SqlSession& session, const std::string& pipeline, LogId log,
                       const CommitId& commit, std::span<const QuarantineRow* const> rows);

}  // namespace sluice
