#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "stage/record.h"

namespace sluice {

/// Which life of which topic this is. An empty uuid means that the broker has none to tell.
struct TopicIdentity {
  std::string topic;
  std::string topic_uuid;
  std::string cluster_id;
  bool embedded = false;  ///< a broker that keeps nothing: every start of it is a new log
  int32_t partitions = 0;
};

/// What the consumer group did since the last poll. The source only reports; the worker claims and
/// then calls Assign, or drops its batch and calls Unassign.
struct GroupChange {
  std::vector<PartitionId> assigned;
  std::vector<PartitionId> revoked;
  bool lost = false;  ///< the revoked ones already belong to others: drop, do not commit
  bool empty() const { return assigned.empty() && revoked.empty(); }
};

/// A partition that cannot go on, with the reason: kFatal and a code of commit-protocol.md
/// (`source_data_lost`, `source_truncated`, `batch_too_large`, …).
struct PartitionFailure {
  PartitionId partition;
  Error error;
};

struct Polled {
  RawBatch batch;  ///< may be empty; `log` is left for the caller to fill
  GroupChange group;
  std::vector<PartitionFailure> failures;
};

struct Watermarks {
  Offset low;   ///< first offset that is still there
  Offset high;  ///< one past the last that a read_committed consumer can see
};

/// When a poll returns.
struct PollTime {
  std::chrono::milliseconds first{0};  ///< so long it waits until something comes
  SteadyTime gather{};                 ///< until then records wait for more
};

/// Running sums since the source was made.
struct SourceCounters {
  int64_t records = 0;
  int64_t bytes = 0;            ///< of keys and values
  int64_t below_expected = 0;   ///< delivered again and dropped
  int64_t gap_offsets = 0;      ///< offsets without a record: compaction, transactions
  int64_t broker_errors = 0;    ///< the transient ones
  int64_t report_failures = 0;  ///< of ReportProgress
};

/// One consumer, used by one thread.
class Source {
 public:
  virtual ~Source() = default;

  /// Waits for records and returns what is there, up to the limits of its options. Before
  /// `time.gather` it keeps them for a later poll, unless a batch is full, the group has news or a
  /// partition fails; what it keeps it never returned. Takes not much longer than `time.first`.
  /// FailsWith kRetryable while the broker is away, kFatal when it refuses us.
  virtual Result<Polled> Poll(const PollTime& time) = 0;
  /// Starts reading at exactly these offsets (range.end is ignored). Answers a GroupChange, or,
  /// for a partition that is being read already, goes back to that offset.
  virtual Status Assign(std::span<const OffsetRange> from) = 0;
  virtual Status Unassign(std::span<const PartitionId> partitions) = 0;
  /// Stops and restarts delivery of assigned partitions.
  virtual Status Pause(std::span<const PartitionId> partitions) = 0;
  virtual Status Resume(std::span<const PartitionId> partitions) = 0;
  /// Asks the broker; FailsWith kRetryable after `wait`.
  virtual Result<Watermarks> QueryWatermarks(PartitionId partition,
                                             std::chrono::milliseconds wait) = 0;
  /// Returns the first offset whose record is not older; the high mark when there is none.
  virtual Result<Offset> OffsetAtTime(PartitionId partition, int64_t timestamp_ms,
                                      std::chrono::milliseconds wait) = 0;
  virtual Result<TopicIdentity> Identify(std::chrono::milliseconds wait) = 0;
  /// Tells the group's lag tools how far we are; never waits, failures are only counted.
  virtual void ReportProgress(std::span<const OffsetRange> committed) = 0;
  virtual SourceCounters Counters() const { return {}; }
};

}  // namespace sluice
