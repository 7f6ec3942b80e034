#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

/// How far the work at one table is.
struct MaintenanceProgress {
  std::string table;
  std::string step;  ///< `planning`, `compacting`, `expiring`, `sweeping`
  int64_t done = 0;  ///< bytes while compacting, objects while sweeping
  int64_t total = 0;
};

/// What was done to one table, or would be.
struct TableMaintenance {
  std::string table;
  std::string pointer{};  ///< to its metadata, as the work found it
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

struct MaintainOptions {
  std::vector<TableName> tables{};  ///< empty: all of the pipeline's
  MaintenanceSpec limits{};
  bool dry_run = false;  ///< changes nothing, says what would be done
  bool thorough = true;  ///< false, beside a run: only what is worth a commit that workers wait for
  bool sweep = true;     ///< list all of the tables' folders for orphans
  /// By table, what the last round saw of it: whoever still has this pointer is left alone, unless
  /// its folders are to be swept.
  std::map<std::string, TableMaintenance> quiet{};
  std::stop_token stop{};
  std::function<void(const MaintenanceProgress&)> on_progress = [](const auto&) {};
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

  /// `pointer` is the table's of now.
  TableMaintainer(const Spec& spec, Tools tools, const MaintainOptions& options, TableName table,
                  std::string pointer);

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
