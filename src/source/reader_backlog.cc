#include "source/reader_backlog.h"

#include <algorithm>
#include <array>

#include "source/embedded_broker.h"
#include "source/kafka_conf.h"

namespace sluice {
namespace {

// The most that the protocol adds: a batch of its own for each record.
constexpr int64_t kRecordOverhead = 100;

int64_t Cost(size_t bytes) {
  return static_cast<int64_t>(bytes) + kRecordOverhead;
}

}  // namespace

void ReaderBacklog::OnSent(size_t bytes) {
  in_flight_bytes_ += Cost(bytes);
  ++all_records_;
  all_bytes_ += Cost(bytes);
}

void ReaderBacklog::OnDone(const rd_kafka_message_t& message) {
  const int64_t cost = Cost(message.len + message.key_len);
  in_flight_bytes_ -= cost;
  const auto index = static_cast<size_t>(message.partition);
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR || index >= partitions_.size()) return;
  Partition& partition = partitions_[index];
  partition.end = std::max(partition.end, message.offset + 1);
  partition.bytes += cost;
  partition.sent.push_back({message.offset, cost});
}

Status ReaderBacklog::Begin(rd_kafka_t* client, int32_t partitions,
                            std::chrono::milliseconds wait) {
  partitions_.resize(static_cast<size_t>(partitions));
  for (int32_t i = 0; i < partitions; ++i) {
    int64_t low = 0;
    int64_t high = 0;
    const auto code = rd_kafka_query_watermark_offsets(client, topic_.c_str(), i, &low, &high,
                                                       static_cast<int>(wait.count()));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return Fail(ToError(code, "asking the embedded broker failed", rd_kafka_err2str(code)));
    }
    partitions_[static_cast<size_t>(i)].found = partitions_[static_cast<size_t>(i)].end = high;
  }
  return {};
}

Status ReaderBacklog::Refresh(rd_kafka_t* client, const std::string& group,
                              std::chrono::milliseconds wait) {
  const KafkaPartitions list(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
  rd_kafka_topic_partition_list_add_range(list.get(), topic_.c_str(), 0,
                                          static_cast<int32_t>(partitions_.size()) - 1);
  const KafkaGroupOffsets question(
      rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get()));
  std::array<rd_kafka_ListConsumerGroupOffsets_t*, 1> questions{question.get()};
  const KafkaQueue answers(rd_kafka_queue_new(client));
  rd_kafka_ListConsumerGroupOffsets(client, questions.data(), questions.size(), nullptr,
                                    answers.get());
  const KafkaEvent event(rd_kafka_queue_poll(answers.get(), static_cast<int>(wait.count())));
  if (!event) return Fail(ErrorKind::kRetryable, "the embedded broker does not answer");
  size_t count = 0;
  const auto* result = rd_kafka_event_ListConsumerGroupOffsets_result(event.get());
  if (const auto code = rd_kafka_event_error(event.get());
      code != RD_KAFKA_RESP_ERR_NO_ERROR || result == nullptr) {
    return Fail(ToError(code, "asking for the reader's progress failed", rd_kafka_err2str(code)));
  }
  const auto** groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count);
  if (count != 1) return {};
  const auto* offsets = rd_kafka_group_result_partitions(groups[0]);
  for (int i = 0; offsets != nullptr && i < offsets->cnt; ++i) {
    const auto index = static_cast<size_t>(offsets->elems[i].partition);
    if (index < partitions_.size()) Commit(partitions_[index], offsets->elems[i].offset);
  }
  return {};
}

bool ReaderBacklog::HasRoom() const {
  int64_t most = 0;
  for (const Partition& partition : partitions_) {
    if (partition.committed < partition.found) return false;
    most = std::max(most, BytesIn(partition));
  }
  return in_flight_bytes_ + most < kEmbeddedBacklogBytes;
}

void ReaderBacklog::Commit(Partition& partition, int64_t committed) {
  partition.committed = std::max(partition.committed, committed);
  while (!partition.sent.empty() && partition.sent.front().offset < partition.committed) {
    partition.bytes -= partition.sent.front().bytes;
    partition.sent.pop_front();
  }
}

int64_t ReaderBacklog::BytesIn(const Partition& partition) const {
  const int64_t unread = partition.end - partition.committed;
  const int64_t foreign = unread - static_cast<int64_t>(partition.sent.size());
  if (foreign <= 0 || all_records_ == 0) return partition.bytes;
  return partition.bytes + foreign * (all_bytes_ / all_records_);
}

}  // namespace sluice
