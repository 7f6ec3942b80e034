#pragma once

#include <librdkafka/rdkafka.h>

#include "stage/record.h"

namespace sluice {

/// Copies one message into a batch: bytes into its arena, so that the message can be freed at once.
void AppendMessage(const rd_kafka_message_t& message, RawBatch& batch);

/// Returns how many more records a batch takes before it has `most_rows` or, judged by those that
/// it has, `most_bytes`; 0: it is full.
size_t RoomFor(const RawBatch& batch, int64_t most_rows, int64_t most_bytes);

/// Takes a partition's records from `offset` on out again.
void DropFrom(RawBatch& batch, int32_t partition, int64_t offset);

}  // namespace sluice
