#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

namespace sluice {

template <auto Destroy>
struct KafkaDeleter {
  template <typename Handle>
  void operator()(Handle* handle) const {
    Destroy(handle);
  }
};

template <typename Handle, auto Destroy>
using KafkaHandle = std::unique_ptr<Handle, KafkaDeleter<Destroy>>;

using KafkaConf = KafkaHandle<rd_kafka_conf_t, rd_kafka_conf_destroy>;
using KafkaClient = KafkaHandle<rd_kafka_t, rd_kafka_destroy>;
using KafkaQueue = KafkaHandle<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using KafkaTopic = KafkaHandle<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using KafkaPartitions =
    KafkaHandle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using KafkaEvent = KafkaHandle<rd_kafka_event_t, rd_kafka_event_destroy>;
using KafkaAdminOptions = KafkaHandle<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using KafkaTopics = KafkaHandle<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;
using KafkaNewTopic = KafkaHandle<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using KafkaGroupOffsets =
    KafkaHandle<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>;
using KafkaError = KafkaHandle<rd_kafka_error_t, rd_kafka_error_destroy>;
using KafkaMessage = KafkaHandle<rd_kafka_message_t, rd_kafka_message_destroy>;

}  // namespace sluice
