#include "source/stuck_partitions.h"

#include <utility>

#include "source/out_of_range.h"
#include "source/partition_failures.h"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kAnswerWait{5'000};
constexpr std::chrono::milliseconds kShortWait{250};
// How long a partition may stand still after a response that was too large to take.
constexpr int64_t kTooLargeMs = 3'000;

}  // namespace

void StuckPartitions::OnMissing(int32_t partition, int64_t offset) {
  missing_[partition] = offset;
  group_.Stop(partition);
}

void StuckPartitions::OnTooLarge() {
  if (!too_large_.empty()) return;
  too_large_since_ = Now();
  for (const auto& [partition, position] : group_.positions()) {
    if (position.reading && !position.paused) too_large_[partition] = position.expected;
  }
}

std::vector<PartitionFailure> StuckPartitions::Explain() {
  std::vector<PartitionFailure> failures;
  if (!missing_.empty()) ExplainMissing(failures);
  if (!too_large_.empty() && ElapsedMs(too_large_since_) > kTooLargeMs) ExplainTooLarge(failures);
  return failures;
}

void StuckPartitions::Clear() {
  missing_.clear();
  too_large_.clear();
}

void StuckPartitions::ExplainMissing(std::vector<PartitionFailure>& failures) {
  for (const auto& [partition, offset] : std::exchange(missing_, {})) {
    // Assigned anew meanwhile, or given away.
    const auto found = group_.positions().find(partition);
    if (found == group_.positions().end() || found->second.reading) continue;
    const auto marks = admin_.QueryWatermarks({partition}, kAnswerWait);
    if (marks) {
      failures.push_back({{partition}, FailureOutOfRange(topic_, partition, offset, *marks)});
    } else {
      missing_[partition] = offset;
    }
  }
}

void StuckPartitions::ExplainTooLarge(std::vector<PartitionFailure>& failures) {
  for (const auto& [partition, offset] : std::exchange(too_large_, {})) {
    const Position* const position = group_.Reading(partition);
    if (position == nullptr || position->expected != offset) continue;
    const auto marks = admin_.QueryWatermarks({partition}, kShortWait);
    if (!marks) {
      too_large_[partition] = offset;
    } else if (marks->high.value > offset) {
      failures.push_back({{partition}, FailureTooLarge(topic_, partition, offset)});
    }
  }
}

}  // namespace sluice
