#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "config/spec.h"
#include "lake/compaction_plan.h"
#include "lake/object_store.h"
#include "ledger/committer.h"
#include "stage/duck.h"

namespace sluice {

/// How the lake's tables are kept small.
struct MaintenanceLimits {
  int64_t target_file_bytes = 128 << 20;
  int64_t keep_snapshots = 100;
  int64_t snapshot_age_ms = 15 * 60'000LL;       ///< younger ones stay, too
  int64_t orphans_after_ms = 3 * 86'400'000LL;   ///< what nothing refers to goes after this
  int64_t receipts_after_ms = 7 * 86'400'000LL;  ///< rows of sluice.commit
};

/// How far the work at one table is.
struct MaintenanceProgress {
  std::string table;
  std::string step;  ///< `planning`, `compacting`, `expiring`, `sweeping`
  int64_t done = 0;  ///< bytes while compacting, objects while sweeping
  int64_t total = 0;
};

struct MaintainOptions {
  std::vector<TableName> tables{};  ///< empty: all of the pipeline's
  MaintenanceLimits limits{};
  bool dry_run = false;  ///< changes nothing, says what would be done
  bool thorough =
      true;  ///< false: leaves what is not worth a commit yet, and lists short folders only
  bool list_data = true;  ///< look for orphans among the data files, too
  std::stop_token stop{};
  std::function<void(const MaintenanceProgress&)> on_progress = [](const auto&) {};
};

/// What was done to one table, or would be.
struct TableMaintenance {
  std::string table;
  int64_t files_before = 0, files_after = 0;
  int64_t bytes_before = 0, bytes_after = 0;
  int64_t manifests_before = 0, manifests_after = 0;
  int64_t compacted_files = 0, compacted_bytes = 0, written_files = 0;
  int64_t snapshots_before = 0, snapshots_expired = 0;
  int64_t deleted_objects = 0;  ///< of expired snapshots
  int64_t orphans = 0, orphan_bytes = 0;
  int64_t commits = 0;
  std::optional<Error> skipped{};  ///< why a part was left out
};

/// The maintenance of one table: compaction, expiry of snapshots, removal of orphans, each a commit
/// or sweep of its own. Made for one round; used by one thread. References outlive it.
class TableMaintainer {
 public:
  struct Tools {
    SqlSession& session;  ///< for reading, outside of transactions
    Committer& committer;
    ObjectStore& store;
    std::string spool_folder;
    std::string worker;
  };

  TableMaintainer(const Spec& spec, Tools tools, const MaintainOptions& options, TableName table);

  /// Does all of it. What another engine's work forbids is left out and said in `skipped`.
  /// FailsWith kShutdown between two steps when asked to stop, kRetryable while a service is away.
  Result<TableMaintenance> Run();

 private:
  Status Compact();
  Status RunJob(const TableMetadata& metadata, const CompactionJob& job, bool merge);
  Status Commit(Participant& change);
  Status Expire();
  Status PlanExpiry(const TableMetadata& metadata);
  Status Sweep();
  Status Delete(const std::vector<std::string>& paths, const char* step);
  Status Count(bool before);
  void Note(const char* step, int64_t done = 0, int64_t total = 0) const;

  const Spec& spec_;
  Tools tools_;
  const MaintainOptions& options_;
  TableName table_;
  TableLoader loader_;
  std::unique_ptr<DuckEngine> engine_;
  TableMaintenance done_;
};

}  // namespace sluice
