#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "stage/row_batch.h"
#include "stage/transform.h"

namespace sluice {

/// Bronze rows to the rows of one silver table, by the whole transform: a record that another table
/// refuses is none of this one's rows either, as in the stream.
class SilverMaker {
 public:
  SilverMaker(Transform& transform, size_t table) : transform_(transform), table_(table) {}

  /// Returns a batch with this table alone and without bronze; what is refused lies in its
  /// quarantine, without the records' bytes. `bronze`: of one log, each record once.
  Result<std::shared_ptr<RowBatch>> Make(LogId log, const Chunks& bronze) const;

 private:
  Transform& transform_;
  size_t table_;
};

/// Takes records out of such a batch that something behind it refuses; sorted.
void Refuse(RowBatch& batch, std::vector<Reject> rejects);

/// Returns a batch with those rows, left-out and refused records that `keep` names. Rows are shared
/// where a chunk stays whole.
RowBatch Restrict(const RowBatch& batch, const std::function<bool(RecordId)>& keep);

/// What became of records, by log and partition.
struct MadeCounts {
  int64_t rows = 0;
  int64_t left_out = 0;  ///< by WHERE or a `drop` expectation
  int64_t refused = 0;
  int64_t all() const { return rows + left_out + refused; }
};
using MadeByPlace = std::map<std::pair<LogId, PartitionId>, MadeCounts>;
void AddCounts(const RowBatch& batch, MadeByPlace& counts);
MadeCounts SumOf(const MadeByPlace& counts);

}  // namespace sluice
