#pragma once

#include <algorithm>
#include <cstdint>

namespace sluice {

/// What a process holds of records on their way, counted as they came from Kafka; its workers share
/// it. Decoded and encoded they take about three times as much.
inline constexpr int64_t kBudgetBytes = 48 << 20;

/// One worker's part of the budget, in four: what librdkafka fetched ahead, the batch that is being
/// built, the one whose commit is under way, and what waits for the lake.
struct ByteShare {
  int64_t fetched_ahead;
  int64_t batch;
  int64_t lake_waiting;

  /// A record may be larger than a share: it is taken all the same, alone.
  static ByteShare Of(int32_t workers) {
    constexpr int64_t kLeast = 1 << 20;
    const int64_t quarter = std::max(kLeast, kBudgetBytes / 4 / std::max(workers, 1));
    return {quarter, quarter, quarter};
  }
};

}  // namespace sluice
