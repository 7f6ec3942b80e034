#include "source/partition_failures.h"

#include <fmt/format.h>

#include "core/text.h"
#include "source/kafka_conf.h"

namespace sluice {
namespace {

constexpr const char* kDamagedHint =
    "the broker's log is damaged there, or the way to it; nothing was skipped";

std::string Place(const std::string& topic, int32_t partition, int64_t offset) {
  return fmt::format("topic {}, partition {}, offset {}", EscapeControl(topic), partition, offset);
}

// Those of gzip (patched, scripts/patches) and zstd are refused for their size after inflating; the
// checksum was right, so what came is what the producer made.
bool IsInflatedTooLarge(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR__BAD_COMPRESSION) return false;
  const std::string_view text(rd_kafka_message_errstr(&message));
  return text.find("codec 0x1") != text.npos || text.find("codec 0x4") != text.npos;
}

}  // namespace

FetchTrouble Classify(const rd_kafka_message_t& message) {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR__LOG_TRUNCATION:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return FetchTrouble::kOutOfRange;
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR__FATAL:
      return FetchTrouble::kGroup;
    default:
      break;
  }
  const bool about_partition = message.partition >= 0;
  // Results of offset commits come as errors without an offset.
  if (about_partition && message.offset < 0) return FetchTrouble::kCommit;
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return FetchTrouble::kTopicAbsent;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return about_partition ? FetchTrouble::kPartition : FetchTrouble::kTopic;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      return about_partition ? FetchTrouble::kPartition : FetchTrouble::kTransient;
    default:
      return FetchTrouble::kTransient;
  }
}

bool CanFollow(rd_kafka_t* client, const std::string& topic, const rd_kafka_message_t& message,
               int64_t expected) {
  if (message.offset < expected) return false;
  int64_t low = 0;
  int64_t high = 0;
  // As the last fetch told it: no question to the broker.
  const auto code =
      rd_kafka_get_watermark_offsets(client, topic.c_str(), message.partition, &low, &high);
  return code != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0 || message.offset < high;
}

Error FailureOf(const rd_kafka_message_t& message, const std::string& topic) {
  const std::string reason = EscapeControl(rd_kafka_message_errstr(&message));
  const std::string place = Place(topic, message.partition, message.offset);
  if (message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || IsInflatedTooLarge(message)) {
    return FailureTooLarge(topic, message.partition, message.offset);
  }
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return {ErrorKind::kFatal,
              fmt::format("the broker does not let us read: {}: {}", place, reason),
              "give the user READ on the topic", "topic_authorization"};
    default:
      return {ErrorKind::kFatal, fmt::format("a batch is broken: {}: {}", place, reason),
              kDamagedHint, "corrupt_batch"};
  }
}

Error FailureOutOfOrder(const std::string& topic, int32_t partition, int64_t expected,
                        int64_t offset) {
  return {ErrorKind::kFatal,
          fmt::format("a batch has an offset that cannot be: {}, where offset {} came",
                      Place(topic, partition, expected), offset),
          kDamagedHint, "corrupt_batch"};
}

Error FailureTooLarge(const std::string& topic, int32_t partition, int64_t expected) {
  return {ErrorKind::kFatal,
          fmt::format("a batch is larger than we accept: {}", Place(topic, partition, expected)),
          "raise `receive.message.max.bytes` and `fetch.message.max.bytes` under source.options",
          "batch_too_large"};
}

}  // namespace sluice
