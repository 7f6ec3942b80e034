#pragma once

#include <string>

#include "core/result.h"
#include "ledger/staged.h"
#include "stage/sql.h"

namespace sluice {

/// Each is one statement, whatever the number of partitions. FailsWith kFenced when a claim of
/// `staged` is no longer ours, or its mark is no longer where the range starts.

/// S3: leaves early; MoveMarks decides, this only saves work.
Status CheckFence(SqlSession& session, const std::string& pipeline, const Staged& staged);

/// S8: moves every mark from its range's start to its end, each under its own fence, and adds the
/// counts. Locks the rows by partition first, so that two commits wait for each other instead of
/// dying of a deadlock. The lake's marks do not pass the warehouse's.
Status MoveMarks(SqlSession& session, const std::string& pipeline, const Staged& staged);

/// Adds up, for `verify`, the accepted records that have no row in a silver table; most commits
/// have none and send nothing.
Status CountLeftOut(SqlSession& session, const std::string& pipeline, const Staged& staged);

}  // namespace sluice
