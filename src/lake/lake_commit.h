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

/// Steps S5 to S7 for all tables of one Seal. Applied again, it uses the same data files and
/// manifests and writes new lists and metadata files.
class LakeCommit : public Participant {
 public:
  /// `parts` in the order of their names; a table may have several. `positions` is for the
  /// snapshots' summaries.
  LakeCommit(ObjectStore& store, std::string catalog, std::vector<TablePart> parts,
             std::string positions);

  Status Apply(SqlSession& session, const CommitId& commit) override;
  std::map<std::string, int64_t> Snapshots() const override { return snapshots_; }

 private:
  /// Returns the pointer after the part's snapshot.
  Result<std::string> ApplyTo(SqlSession& session, const TablePart& part,
                              const std::string& pointer,
                              const std::map<std::string, std::string>& audit, SteadyTime deadline);

  ObjectStore& store_;
  std::string catalog_;
  std::vector<TablePart> parts_;
  std::string positions_;
  std::map<std::string, int64_t> snapshots_;
};

}  // namespace sluice
