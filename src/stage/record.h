#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace sluice {

/// Bytes of one batch. What Copy returns stays valid and in place until the arena dies; at least
/// kPadding readable bytes follow each copy (simdjson reads past the end).
class Arena {
 public:
  static constexpr size_t kPadding = 64;
  std::string_view Copy(std::string_view bytes);
  /// Returns whether these bytes, not none, lie in what Copy returned.
  bool Owns(std::string_view bytes) const;
  size_t bytes() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::map<uintptr_t, size_t> places_;  ///< where blocks begin, and their bytes
  size_t used_ = 0, room_ = 0, bytes_ = 0;
};

struct RecordHeader {
  std::string_view key;
  std::optional<std::string_view> value;
};

/// One Kafka message. Views point into the batch's arena.
struct Record {
  PartitionId partition;
  Offset offset;
  std::optional<int64_t> timestamp_ms;  ///< absent when the broker says -1 or below
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< absent: a tombstone
  std::vector<RecordHeader> headers;      ///< empty for most records; no allocation then
};

/// Offsets [start, end) of one partition.
struct OffsetRange {
  PartitionId partition;
  Offset start;
  Offset end;
  bool operator==(const OffsetRange&) const = default;
};

/// What one poll brought: records in offset order within each partition, and the ranges they
/// cover. A range may hold fewer records than offsets (compaction, transactions).
struct RawBatch {
  LogId log;
  std::vector<Record> records;
  std::vector<OffsetRange> ranges;  ///< by partition, each at most once
  std::shared_ptr<Arena> arena;     ///< shared: chunks made from the batch point into it
};

}  // namespace sluice
