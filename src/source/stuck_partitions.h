#pragma once

#include <map>
#include <vector>

#include "core/clock.h"
#include "source/consumer_group.h"
#include "source/topic_admin.h"
#include "stage/source.h"

namespace sluice {

/// Partitions that stand still, until the broker has told why.
class StuckPartitions {
 public:
  StuckPartitions(ConsumerGroup& group, TopicAdmin& admin, std::string topic)
      : group_(group), admin_(admin), topic_(std::move(topic)) {}

  /// The broker does not have the offset that the partition needs next.
  void OnMissing(int32_t partition, int64_t offset);
  /// A response was too large to take. The library tells it once in 30 s, and not of which
  /// partition: one that stands still before its end has it.
  void OnTooLarge();
  bool any_missing() const { return !missing_.empty(); }

  /// Asks, and returns the failures that are certain by now. Waits for the broker a few seconds.
  std::vector<PartitionFailure> Explain();
  void Clear();

 private:
  void ExplainMissing(std::vector<PartitionFailure>& failures);
  void ExplainTooLarge(std::vector<PartitionFailure>& failures);

  ConsumerGroup& group_;
  TopicAdmin& admin_;
  std::string topic_;
  std::map<int32_t, int64_t> missing_;  // partition → offset where it stands
  std::map<int32_t, int64_t> too_large_;
  SteadyTime too_large_since_{};
};

}  // namespace sluice
