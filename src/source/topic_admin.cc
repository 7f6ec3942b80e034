#include "source/topic_admin.h"

#include <fmt/format.h>

#include <array>

#include "core/clock.h"
#include "source/kafka_conf.h"

namespace sluice {
namespace {

// The library's own deadline fires first: it knows more of the cause.
constexpr std::chrono::milliseconds kGrace{500};
constexpr std::chrono::milliseconds kSlice{100};

std::string UuidText(const rd_kafka_Uuid_t* uuid) {
  if (uuid == nullptr || (rd_kafka_Uuid_most_significant_bits(uuid) == 0 &&
                          rd_kafka_Uuid_least_significant_bits(uuid) == 0)) {
    return "";
  }
  return rd_kafka_Uuid_base64str(uuid);
}

Result<TopicDescription> ReadDescription(const rd_kafka_event_t* event, const std::string& topic) {
  size_t count = 0;
  const auto* result = rd_kafka_event_DescribeTopics_result(const_cast<rd_kafka_event_t*>(event));
  const auto** topics = rd_kafka_DescribeTopics_result_topics(result, &count);
  if (count != 1) {
    return Fail(ErrorKind::kRetryable, fmt::format("the broker does not describe topic {}", topic));
  }
  const auto* error = rd_kafka_TopicDescription_error(topics[0]);
  if (const auto code = rd_kafka_error_code(error); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Fail(ToError(code, fmt::format("topic `{}`", topic), rd_kafka_error_string(error)));
  }
  TopicDescription description{.uuid = UuidText(rd_kafka_TopicDescription_topic_id(topics[0]))};
  size_t partitions = 0;
  rd_kafka_TopicDescription_partitions(topics[0], &partitions);
  description.partitions = static_cast<int32_t>(partitions);
  return description;
}

}  // namespace

TopicAdmin::TopicAdmin(rd_kafka_t* client, std::string topic, std::function<bool()> is_vain)
    : client_(client), topic_(std::move(topic)), is_vain_(std::move(is_vain)) {}

KafkaAdminOptions TopicAdmin::Options(rd_kafka_admin_op_t what, std::chrono::milliseconds wait) {
  KafkaAdminOptions options(rd_kafka_AdminOptions_new(client_, what));
  std::array<char, 128> reason{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(wait.count()),
                                            reason.data(), reason.size());
  return options;
}

// Each question has a queue of its own: an answer that nobody waited for goes with it.
Result<KafkaEvent> TopicAdmin::Await(rd_kafka_queue_t* answers, std::chrono::milliseconds wait) {
  const SteadyTime end = Now() + wait + kGrace;
  KafkaEvent event;
  while (!event && Now() < end && !is_vain_()) {
    event.reset(rd_kafka_queue_poll(answers, static_cast<int>(kSlice.count())));
  }
  if (!event) return Fail(ErrorKind::kRetryable, "the broker does not answer");
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Fail(ToError(code, fmt::format("asking for topic `{}` failed", topic_),
                        rd_kafka_event_error_string(event.get())));
  }
  return event;
}

Result<TopicDescription> TopicAdmin::Describe(std::chrono::milliseconds wait) {
  std::array<const char*, 1> names{topic_.c_str()};
  const KafkaTopics topics(rd_kafka_TopicCollection_of_topic_names(names.data(), names.size()));
  const auto options = Options(RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, wait);
  const KafkaQueue answers(rd_kafka_queue_new(client_));
  rd_kafka_DescribeTopics(client_, topics.get(), options.get(), answers.get());
  SLUICE_ASSIGN(const KafkaEvent event, Await(answers.get(), wait));
  return ReadDescription(event.get(), topic_);
}

Status TopicAdmin::Create(int32_t partitions, std::chrono::milliseconds wait) {
  std::array<char, 512> reason{};
  const KafkaNewTopic topic(
      rd_kafka_NewTopic_new(topic_.c_str(), partitions, -1, reason.data(), reason.size()));
  if (!topic) return Fail(ErrorKind::kInvalidConfig, reason.data());
  std::array<rd_kafka_NewTopic_t*, 1> topics{topic.get()};
  const auto options = Options(RD_KAFKA_ADMIN_OP_CREATETOPICS, wait);
  const KafkaQueue answers(rd_kafka_queue_new(client_));
  rd_kafka_CreateTopics(client_, topics.data(), topics.size(), options.get(), answers.get());
  SLUICE_ASSIGN(const KafkaEvent event, Await(answers.get(), wait));
  size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  if (count != 1) return Fail(ErrorKind::kRetryable, "the broker does not answer CreateTopics");
  const auto code = rd_kafka_topic_result_error(results[0]);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
    return {};
  }
  return Fail(ToError(code, fmt::format("topic `{}` cannot be created", topic_),
                      rd_kafka_topic_result_error_string(results[0])));
}

Result<std::string> TopicAdmin::ClusterId(std::chrono::milliseconds wait) {
  char* const id = rd_kafka_clusterid(client_, static_cast<int>(wait.count()));
  if (id == nullptr) return Fail(ErrorKind::kRetryable, "no broker tells the cluster's id");
  std::string copy(id);
  rd_kafka_mem_free(client_, id);
  return copy;
}

Result<Watermarks> TopicAdmin::QueryWatermarks(PartitionId partition,
                                               std::chrono::milliseconds wait) {
  int64_t low = 0;
  int64_t high = 0;
  const auto code = rd_kafka_query_watermark_offsets(client_, topic_.c_str(), partition.value, &low,
                                                     &high, static_cast<int>(wait.count()));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Watermarks{{low}, {high}};
  return Fail(ToError(code,
                      fmt::format("asking for the ends of partition {} failed", partition.value),
                      rd_kafka_err2str(code)));
}

Result<Offset> TopicAdmin::OffsetAtTime(PartitionId partition, int64_t timestamp_ms,
                                        std::chrono::milliseconds wait) {
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  auto* const item = rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition.value);
  item->offset = timestamp_ms;
  auto code = rd_kafka_offsets_for_times(client_, list.get(), static_cast<int>(wait.count()));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = item->err;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Fail(ToError(code, fmt::format("asking partition {} for a time failed", partition.value),
                        rd_kafka_err2str(code)));
  }
  if (item->offset >= 0) return Offset{item->offset};
  SLUICE_ASSIGN(const Watermarks marks, QueryWatermarks(partition, wait));
  return marks.high;
}

}  // namespace sluice
