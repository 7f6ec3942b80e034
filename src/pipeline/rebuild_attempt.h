#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "lake/spool_folder.h"
#include "lake/table_layout.h"
#include "lake/table_stream.h"
#include "ledger/committer.h"
#include "pipeline/rebuild.h"
#include "pipeline/rebuild_basis.h"
#include "pipeline/stations.h"
#include "warehouse/target_rebuild.h"

namespace sluice {

struct RebuildTask {
  size_t table;      ///< index of the silver table
  std::string name;  ///< of this worker
  const RebuildOptions& options;
};

/// One try of a rebuild, from the locks to the swap; a method for each phase. All of it lives in
/// one PostgreSQL session. FailsWith kFenced when it must start over.
class RebuildAttempt {
 public:
  RebuildAttempt(const Spec& spec, Services& services, RebuildTask task,
                 const RebuildEvents& events, std::stop_token stop);

  Result<RebuildReport> Execute();

 private:
  bool Swaps() const { return task_.options.mode == RebuildOptions::Mode::kSwap; }
  Result<SqlSession*> Session();
  Status Open();
  Status AwaitMaintenance(SqlSession& session);
  Status Work();
  Status ReadBasis();
  Status OpenLake();
  Status MakeAll();
  Status Take(LogId log, const Chunks& bronze);
  Status PutAside(RowBatch& rows);
  Status CopyAside(const RowBatch& rows);
  void Count(const RowBatch& rows);
  Status CheckCounts() const;
  Status CheckStorm() const;
  Status Swap();
  RebuildTransaction::Plan MakePlan(const CommitId& commit) const;
  Status Close();

  const Spec& spec_;
  const SilverSpec& silver_;
  Services& services_;
  RebuildTask task_;
  const RebuildEvents& events_;
  std::stop_token stop_;
  Committer committer_;
  int32_t backend_pid_ = 0;                ///< of the session that it all began in
  std::unique_ptr<TargetRebuild> target_;  ///< null: not in the warehouse, or nothing is swapped
  bool waiting_ = false;                   ///< the target's Begin was called
  RebuildBasis basis_;
  StationSet at_;
  std::unique_ptr<SpoolFolder> spool_;
  PreparedTable prepared_;
  std::unique_ptr<TableStream> files_;  ///< null when nothing is swapped
  MadeByPlace lake_, warehouse_;
  int64_t done_ = 0;
  RebuildReport report_;
};

}  // namespace sluice
