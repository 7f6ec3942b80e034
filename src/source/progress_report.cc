#include "source/progress_report.h"

#include "core/log.h"

namespace sluice {

void ProgressReport::Send(const ConsumerGroup& group, std::span<const OffsetRange> committed) {
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(committed.size())));
  for (const auto& [partition, start, end] : committed) {
    if (!group.positions().contains(partition.value)) continue;
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition.value)->offset =
        end.value;
  }
  if (list->cnt == 0) return;
  const auto code = rd_kafka_commit(client_, list.get(), /*async=*/1);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) OnAnswer(code);
}

void ProgressReport::OnAnswer(rd_kafka_resp_err_t code) {
  const bool failed = code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR__NO_OFFSET;
  if (failed) ++failures_;
  if (failed == failing_) return;
  failing_ = failed;
  Log(failed ? LogLevel::kWarn : LogLevel::kInfo,
      failed ? "the group's offsets cannot be written; only lag tools read them"
             : "the group's offsets are written again",
      {{"reason", rd_kafka_err2str(code)}});
}

}  // namespace sluice
