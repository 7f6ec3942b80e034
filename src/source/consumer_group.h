#pragma once

#include <map>
#include <set>
#include <span>
#include <string>

#include "core/result.h"
#include "source/rdkafka_handles.h"
#include "stage/source.h"

namespace sluice {

/// How far one assigned partition is.
struct Position {
  int64_t expected = 0;     ///< next offset to hand out
  int64_t batch_start = 0;  ///< `expected` when the current batch began
  int64_t gap_start = -1;   ///< where the last gap began; -1: none so far
  bool reading = true;      ///< false: failed, being revoked or about to move: hand out nothing
  bool paused = false;
  bool moved = true;  ///< nothing came since it was assigned
};

/// This consumer's part in its group. A revocation is answered by the next Unassign, an assignment
/// at once: the group counts it as ours from then on, reading starts with Assign.
class ConsumerGroup {
 public:
  /// `is_static`: the member has a `group.instance.id`.
  ConsumerGroup(rd_kafka_t* client, std::string topic, bool is_static);

  Status Join();
  /// Leaves; blocks until the broker was told, or ten seconds. Returns whether the client is
  /// closed: one that is not waits for its broker still, and so would rd_kafka_destroy.
  bool Leave();
  bool leaving() const { return leaving_; }
  /// Takes librdkafka's rebalance callback.
  void OnRebalance(rd_kafka_resp_err_t what, const rd_kafka_topic_partition_list_t* partitions);
  /// Returns what happened since the last call.
  GroupChange TakeChange();
  bool has_news() const { return !change_.empty(); }

  Status Assign(std::span<const OffsetRange> from);
  Status Unassign(std::span<const PartitionId> partitions);
  Status Pause(std::span<const PartitionId> partitions);
  Status Resume(std::span<const PartitionId> partitions);
  /// Hands out nothing more of a partition, until it is assigned again.
  void Stop(int32_t partition);

  /// Returns null for a partition of which nothing may be handed out.
  Position* Reading(int32_t partition);
  std::map<int32_t, Position>& positions() { return positions_; }
  const std::map<int32_t, Position>& positions() const { return positions_; }

 private:
  void SayGoodbye();
  bool Close();
  bool IsMember() const;
  void Serve();
  void AskForAssignmentAnew();
  KafkaPartitions ListOf(std::span<const PartitionId> partitions) const;
  Status AssignNow(std::span<const OffsetRange> from);
  Status Release(const std::set<int32_t>& partitions);
  Status SetPaused(std::span<const PartitionId> partitions, bool paused);

  rd_kafka_t* client_;
  std::string topic_;
  bool is_static_;
  bool inherits_;  // the next assignment may be the one of this member's last life
  std::map<int32_t, Position> positions_;
  GroupChange change_;
  std::set<int32_t> revoking_;                  // reported, Unassign awaited
  bool owes_unassign_ = false;                  // revoking_ may be empty of what we read
  std::map<int32_t, OffsetRange> moves_later_;  // asked for while a revocation was open
  bool leaving_ = false;
};

}  // namespace sluice
