#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "stage/row_batch.h"

namespace sluice {

struct Decoded {
  Chunks rows;                    ///< BronzeSchema's layout, in the batch's order
  std::vector<Reject> rejects;    ///< in the batch's order
  std::vector<RecordId> skipped;  ///< tombstones
  int64_t nan_as_null = 0;
};

/// Bytes to columns. Never logs, never throws; keeps no state between batches but buffers.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Every record of the batch comes back exactly once: as a row, a reject or a skip. Strings of
  /// the rows may point into batch.arena. Fails only when memory or a limit of its own gives out.
  virtual Result<Decoded> Decode(const RawBatch& batch) = 0;
};

}  // namespace sluice
