#pragma once

#include <string>

#include "core/result.h"
#include "stage/sql.h"

namespace sluice {

enum class MaintenanceLock {
  kAlone,   ///< maintains the lake: one at a time
  kShared,  ///< needs its files as they are
};

/// Tries to take the lock of a pipeline's maintenance over all processes; false when others hold
/// it. The session holds it until it ends, so a dead process leaves nothing behind.
Result<bool> TryHoldMaintenance(SqlSession& session, const std::string& pipeline,
                                MaintenanceLock how);

}  // namespace sluice
