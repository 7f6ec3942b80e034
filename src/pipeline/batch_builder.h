#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/result.h"
#include "stage/decoder.h"
#include "stage/row_batch.h"
#include "stage/transform.h"

namespace sluice {

/// What building batches has counted besides the rows; running sums.
struct BuildCounters {
  std::map<std::string, int64_t> expectations;  ///< failed, by name
  int64_t nan_as_null = 0;
};

/// Records to rows: decode, transform, and the sum that must come out even (S1). Used by one
/// thread.
class BatchBuilder {
 public:
  /// `transform` is null in a pipeline without silver.
  BatchBuilder(Decoder& decoder, Transform* transform) : decoder_(decoder), transform_(transform) {}

  /// FailsWith kInvariant when a record got lost or doubled between the stations.
  Result<std::shared_ptr<RowBatch>> Build(const RawBatch& raw);

  const BuildCounters& counters() const { return counters_; }

 private:
  Status RunTransform(const RawBatch& raw, RowBatch& batch);

  Decoder& decoder_;
  Transform* transform_;
  BuildCounters counters_;
};

/// Joins rejects with their records. Each reject's record must be in `raw`, else kInvariant.
Result<std::vector<QuarantineRow>> WithRecords(const RawBatch& raw, std::vector<Reject> rejects);

}  // namespace sluice
