#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/clock.h"
#include "ledger/staged.h"
#include "stage/row_batch.h"

namespace sluice {

/// What the lake's open files hold and no lake commit covers yet: ranges, counts and, in a
/// pipeline without warehouse, the rejects that ride with the lake.
class LakePending {
 public:
  /// Adds a batch that is appended to the open files; `epochs` allow its ranges, in their order.
  /// `keep_rejects` copies its quarantine.
  void Add(const RowBatch& rows, const std::vector<Epoch>& epochs,
           const std::vector<std::string>& silver_tables, bool keep_rejects);

  bool empty() const { return ranges_.empty(); }
  /// Returns when the oldest batch was added.
  SteadyTime since() const { return since_; }
  /// Returns the bytes of its batches' records.
  int64_t record_bytes() const { return record_bytes_; }
  int64_t reject_bytes() const { return static_cast<int64_t>(arena_.bytes()); }

  /// Returns the commit of all of it; it points into this object, which must stay as it is.
  Staged Stage(const CommitId& commit, LogId log) const;
  void Clear();

 private:
  std::map<PartitionId, StagedRange> ranges_;
  std::deque<QuarantineRow> rejects_;
  Arena arena_;
  SteadyTime since_{};
  int64_t record_bytes_ = 0;
};

/// Returns how many records each silver table left out of one range.
std::map<std::string, int64_t> LeftOutOf(const RowBatch& rows, PartitionId partition,
                                         const std::vector<std::string>& silver_tables);

}  // namespace sluice
