#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "core/result.h"
#include "source/rdkafka_handles.h"
#include "stage/source.h"

namespace sluice {

struct TopicDescription {
  std::string uuid;  ///< empty when the broker has none to tell
  int32_t partitions = 0;
};

/// Questions about one topic, over a client that exists. Each call waits for its answer, or until
/// `is_vain`, asked about ten times a second, says that there will be none.
class TopicAdmin {
 public:
  TopicAdmin(rd_kafka_t* client, std::string topic, std::function<bool()> is_vain);

  /// FailsWith kInvalidConfig and code `topic_absent` or `topic_authorization`, else kRetryable.
  Result<TopicDescription> Describe(std::chrono::milliseconds wait);
  /// Creates the topic with the cluster's default replication; one that exists is left alone.
  Status Create(int32_t partitions, std::chrono::milliseconds wait);
  Result<std::string> ClusterId(std::chrono::milliseconds wait);
  Result<Watermarks> QueryWatermarks(PartitionId partition, std::chrono::milliseconds wait);
  /// Returns the first offset whose record is not older; the high mark when there is none.
  Result<Offset> OffsetAtTime(PartitionId partition, int64_t timestamp_ms,
                              std::chrono::milliseconds wait);

 private:
  KafkaAdminOptions Options(rd_kafka_admin_op_t what, std::chrono::milliseconds wait);
  Result<KafkaEvent> Await(rd_kafka_queue_t* answers, std::chrono::milliseconds wait);

  rd_kafka_t* client_;
  std::string topic_;
  std::function<bool()> is_vain_;
};

}  // namespace sluice
