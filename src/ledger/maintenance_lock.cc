#include "ledger/maintenance_lock.h"

#include <fmt/format.h>

#include <array>

namespace sluice {

Result<bool> TryHoldMaintenance(SqlSession& session, const std::string& pipeline,
                                MaintenanceLock how) {
  const std::array<SqlValue, 1> params{pipeline};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query(fmt::format("SELECT pg_try_advisory_lock{}(hashtext('sluice "
                                          "maintenance'), hashtext($1))",
                                          how == MaintenanceLock::kShared ? "_shared" : ""),
                              params));
  return rows.rows.at(0).at(0) == "t";
}

}  // namespace sluice
