#include "source/batch_fill.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr int64_t kTypicalRecordBytes = 1024;

std::optional<std::string_view> CopyBytes(const void* bytes, size_t length, Arena& arena) {
  if (bytes == nullptr) return std::nullopt;
  return arena.Copy({static_cast<const char*>(bytes), length});
}

void CopyHeaders(const rd_kafka_message_t& message, Arena& arena,
                 std::vector<RecordHeader>& headers) {
  rd_kafka_headers_t* list = nullptr;
  if (rd_kafka_message_headers(&message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  headers.reserve(rd_kafka_header_cnt(list));
  const char* name = nullptr;
  const void* value = nullptr;
  size_t length = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(list, i, &name, &value, &length) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    headers.push_back({arena.Copy(name), CopyBytes(value, length, arena)});
  }
}

}  // namespace

void AppendMessage(const rd_kafka_message_t& message, RawBatch& batch) {
  Arena& arena = *batch.arena;
  Record& record = batch.records.emplace_back();
  record.partition = {message.partition};
  record.offset = {message.offset};
  const int64_t timestamp = rd_kafka_message_timestamp(&message, nullptr);
  if (timestamp >= 0) record.timestamp_ms = timestamp;
  record.key = CopyBytes(message.key, message.key_len, arena);
  record.value = CopyBytes(message.payload, message.len, arena);
  CopyHeaders(message, arena, record.headers);
}

size_t RoomFor(const RawBatch& batch, int64_t most_rows, int64_t most_bytes) {
  const auto rows = static_cast<int64_t>(batch.records.size());
  const auto bytes = static_cast<int64_t>(batch.arena->bytes());
  if (rows >= most_rows || bytes >= most_bytes) return 0;
  const int64_t each = rows == 0 ? kTypicalRecordBytes : std::max<int64_t>(1, bytes / rows);
  return static_cast<size_t>(std::min(most_rows - rows, (most_bytes - bytes) / each + 1));
}

void DropFrom(RawBatch& batch, int32_t partition, int64_t offset) {
  std::erase_if(batch.records, [&](const Record& record) {
    return record.partition.value == partition && record.offset.value >= offset;
  });
}

}  // namespace sluice
