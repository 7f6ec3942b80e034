#pragma once

#include <librdkafka/rdkafka.h>

#include <optional>
#include <string>

#include "core/error.h"

namespace sluice {

/// What an error that the consumer hands out instead of a record means.
enum class FetchTrouble {
  kTransient,    ///< the library goes on by itself
  kOutOfRange,   ///< the offset is not there: FailureOutOfRange tells why
  kPartition,    ///< the partition cannot go on: FailureOf
  kTopic,        ///< nor can any partition of the topic
  kTopicAbsent,  ///< the topic is not there, or not yet
  kGroup,        ///< the group refuses us
  kCommit,       ///< only a progress report
};
FetchTrouble Classify(const rd_kafka_message_t& message);

/// Returns whether a record other than the expected one can be next. Compaction and transactions
/// leave gaps; nothing comes from before, or from beyond the log's end.
bool CanFollow(rd_kafka_t* client, const std::string& topic, const rd_kafka_message_t& message,
               int64_t expected);

/// Returns the failure for kPartition and kTopic. `topic` is for the message.
Error FailureOf(const rd_kafka_message_t& message, const std::string& topic);

/// Returns `corrupt_batch` for an offset that cannot follow: a batch's first offset is not part of
/// its checksum.
Error FailureOutOfOrder(const std::string& topic, int32_t partition, int64_t expected,
                        int64_t offset);

/// Returns `batch_too_large`, naming the settings.
Error FailureTooLarge(const std::string& topic, int32_t partition, int64_t expected);

}  // namespace sluice
