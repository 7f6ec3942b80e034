#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "core/result.h"
#include "source/rdkafka_handles.h"

namespace sluice {

/// How much of what was sent the reader has not taken yet. The embedded broker keeps 5 MiB of each
/// partition and drops the oldest: a producer that stays below kEmbeddedBacklogBytes loses nothing.
/// Sizes of records that others sent are guessed from ours.
class ReaderBacklog {
 public:
  explicit ReaderBacklog(std::string topic) : topic_(std::move(topic)) {}

  void OnSent(size_t bytes);
  /// Takes a delivery report, of a success or not.
  void OnDone(const rd_kafka_message_t& message);

  /// Counts what lies in the partitions already: it must be read before anything is sent.
  Status Begin(rd_kafka_t* client, int32_t partitions, std::chrono::milliseconds wait);
  /// Asks how far the group is.
  Status Refresh(rd_kafka_t* client, const std::string& group, std::chrono::milliseconds wait);
  bool HasRoom() const;

 private:
  struct Sent {
    int64_t offset;
    int64_t bytes;
  };
  struct Partition {
    int64_t found = 0;  // end of what others sent before us
    int64_t end = 0;
    int64_t committed = 0;
    int64_t bytes = 0;  // of `sent`
    std::deque<Sent> sent;
  };

  void Commit(Partition& partition, int64_t committed);
  int64_t BytesIn(const Partition& partition) const;

  std::string topic_;
  std::vector<Partition> partitions_;
  int64_t in_flight_bytes_ = 0;
  int64_t all_records_ = 0;
  int64_t all_bytes_ = 0;
};

}  // namespace sluice
