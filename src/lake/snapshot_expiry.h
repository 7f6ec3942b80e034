#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/spec.h"
#include "lake/object_store.h"
#include "lake/table_metadata.h"
#include "stage/sink.h"

namespace sluice {

struct ExpiryLimits {
  int64_t keep = 100;              ///< the newest so many stay
  int64_t age_ms = 15 * 60'000LL;  ///< and all younger than this
};

/// Returns the snapshots to drop, oldest first: all but the newest `keep`, those younger than the
/// limit and the heads of branches and tags. Ages count back from the table's last change, whose
/// clock cannot go back.
std::vector<int64_t> ChooseExpired(const TableMetadata& metadata, const ExpiryLimits& limits);

/// Drops snapshots from a table's metadata; removes no file. What a retry chooses is what has
/// expired by then.
class ExpiryCommit : public Participant {
 public:
  /// `store` outlives this.
  ExpiryCommit(ObjectStore& store, std::string catalog, TableName table, ExpiryLimits limits)
      : store_(store), catalog_(std::move(catalog)), table_(std::move(table)), limits_(limits) {}

  /// From the lock on it takes 5 s at most.
  Status Apply(SqlSession& session, const CommitId& commit) override;

  /// What the last Apply dropped; none when there was nothing to do.
  const std::vector<int64_t>& dropped() const { return dropped_; }
  /// After the commit: returns the addresses of the objects that only the dropped snapshots used.
  Result<std::vector<std::string>> Unreferenced() const;

 private:
  ObjectStore& store_;
  std::string catalog_;
  TableName table_;
  ExpiryLimits limits_;
  std::vector<int64_t> dropped_;
  TableMetadata before_, after_;
};

}  // namespace sluice
