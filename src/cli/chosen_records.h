#pragma once

#include <string>

#include "cli/args.h"
#include "config/spec.h"
#include "core/result.h"
#include "ledger/quarantine_filter.h"
#include "stage/sql.h"

namespace sluice::cli {

/// Reads a record as `sluice quarantine ls` prints it, `LOG/PARTITION/OFFSET`. FailsWith kUsage.
Result<RecordKey> ParseRecord(const std::string& text);
/// Returns `LOG/PARTITION/OFFSET`.
std::string Spell(const RecordKey& id);

/// Reads a time (`2026-01-01T00:00:00Z`) or an age (`2h`, `30d`); `flag` is for the error.
/// FailsWith kUsage.
Result<Moment> ParseMoment(const std::string& flag, const std::string& text);

/// Returns the filter that the flags describe. FailsWith kUsage.
Result<QuarantineFilter> FilterOf(const ChosenRecords& chosen);

}  // namespace sluice::cli
