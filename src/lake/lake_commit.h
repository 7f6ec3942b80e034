#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "lake/snapshot.h"
#include "lake/table_loader.h"
#include "stage/sink.h"

namespace sluice {

/// One table's part of a lake commit.
struct TablePart {
  TableAppend append;
  std::shared_ptr<TableLoader> loader;  ///< the sink's too
};

/// Steps S5 to S7 for all tables of one Seal. Others wait for the pointers, so from the first lock
/// on everything in the transaction that waits, for the store or for a lock, does so 5 s at most
/// together. Applied again, it uses the same data files and manifests and writes new lists and
/// metadata files. FailsWith kFenced when the files are so old that they may be gone.
class LakeCommit : public Participant {
 public:
  /// `parts` in the order of their names; a table may have several. `positions` is for the
  /// snapshots' summaries.
  LakeCommit(ObjectStore& store, std::string catalog, std::vector<TablePart> parts,
             std::string positions);

  Status Apply(SqlSession& session, const CommitId& commit) override;
  std::map<std::string, int64_t> Snapshots() const override { return snapshots_; }

 private:
  using Pointers = std::map<TableName, std::string>;
  struct Locked {
    Pointers pointers;
    SteadyTime deadline;
  };

  Result<Locked> LockAll(SqlSession& session) const;
  Result<std::vector<NextSnapshot>> BuildAll(const CommitId& commit, SteadyTime deadline,
                                             Pointers& pointers) const;
  Status PutAll(const std::vector<NextSnapshot>& snapshots, SteadyTime deadline) const;

  ObjectStore& store_;
  std::string catalog_;
  std::vector<TablePart> parts_;
  std::string positions_;
  std::map<std::string, int64_t> snapshots_;
};

}  // namespace sluice
