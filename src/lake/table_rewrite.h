#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lake/data_file.h"
#include "lake/manifest_rewrite.h"
#include "stage/sink.h"

namespace sluice {

enum class RewriteKind {
  kReplace,    ///< the same rows in other files: compaction
  kOverwrite,  ///< other rows: silver made anew
};

/// Live data files of one table, and what takes their place.
struct TableRewrite {
  TableName table;
  std::string table_uuid;  ///< of the table that was planned for
  RewriteKind kind = RewriteKind::kReplace;
  ManifestContext context;          ///< of the added files: all have one spec
  std::vector<DataFile> added{};    ///< in the store already; may be none
  std::set<std::string> removed{};  ///< addresses as the table's manifests have them
  int64_t merge_below_bytes = 0;    ///< manifests shorter than this are merged on the way
  std::map<std::string, std::string> audit{};  ///< into the snapshot's summary, for people
};

/// One rewrite's part of a commit: within the transaction, exactly the planned files give way to
/// the new ones in whatever state the table is in then; what others appended meanwhile stays. May
/// be a commit of its own or stand beside other participants, which lock pointers in the order of
/// the tables' names. Manifests are read and written before the lock; within it only those that
/// changed since. `store` outlives this.
class RewriteCommit : public Participant {
 public:
  RewriteCommit(ObjectStore& store, std::string catalog, TableRewrite rewrite);
  ~RewriteCommit() override;

  /// Outside of a transaction, before the commit: does all the work that needs no lock. FailsWith
  /// kFenced and kPlanAnew when a file to be removed is not live, kInvalidConfig for a table with
  /// delete files, kInvariant when kReplace would change the number of rows, kFatal when the table
  /// or its spec is gone.
  Status Prepare(SqlSession& session);
  /// FailsWith what Prepare does, or kRetryable; from the lock on it takes 5 s at most.
  Status Apply(SqlSession& session, const CommitId& commit) override;
  std::map<std::string, int64_t> Snapshots() const override { return snapshots_; }

  /// What the last Apply or Prepare takes away, in data files.
  FileTotals removed() const { return manifests_.Removed(); }

 private:
  Status Fit(const LoadedTable& table, int64_t merge_below_bytes, SteadyTime deadline);
  Status CheckStillThere(const TableMetadata& metadata) const;
  Status PutAdded(const std::string& location, SteadyTime deadline);
  SnapshotChange ChangeOf(const LoadedTable& table) const;

  ObjectStore& store_;
  std::string catalog_;
  TableRewrite rewrite_;
  int64_t snapshot_id_;
  TableLoader loader_;
  ManifestRewrite manifests_;
  FileTotals added_;
  std::optional<ManifestFile> added_manifest_;
  std::map<std::string, int64_t> snapshots_;
};

}  // namespace sluice
