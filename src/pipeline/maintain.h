#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/result.h"
#include "pipeline/services.h"
#include "pipeline/table_maintenance.h"

namespace sluice {

struct MaintainReport {
  bool dry_run = false;
  std::vector<TableMaintenance> tables;
  int64_t receipts = 0;  ///< old rows of sluice.commit that were removed, or would be
};

/// `code` of the kRetryable error when another process maintains the pipeline's lake now.
inline constexpr std::string_view kMaintenanceBusy = "maintenance_busy";

/// Maintains the pipeline's lake tables, one after the other, beside whatever else writes them.
/// Never twice at once over all processes: an advisory lock of the database. FailsWith kUsage for
/// a table that is not the pipeline's, kRetryable and kMaintenanceBusy, kShutdown.
Result<MaintainReport> MaintainLake(const Spec& spec, SqlDatabase& database, ObjectStore& store,
                                    const MaintainOptions& options);

}  // namespace sluice
