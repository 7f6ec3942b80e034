#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "lake/byte_buffer.h"

namespace sluice {

/// The different values of a column in a row group, numbered as they came. Open addressing over the
/// values' bytes, which lie one after the other as Parquet's PLAIN encoding has them.
class ParquetDictionary {
 public:
  /// `has_lengths`: each value is written behind its length, as byte arrays are.
  explicit ParquetDictionary(bool has_lengths) : has_lengths_(has_lengths) {}

  /// Returns the number of a value, a new one if it was not there.
  uint32_t NumberOf(std::string_view value) {
    // Columns repeat themselves.
    if (value.size() == last_length_ &&
        std::memcmp(plain_.data() + last_offset_, value.data(), value.size()) == 0) {
      return last_;
    }
    return Find(value);
  }
  uint32_t size() const { return static_cast<uint32_t>(values_.size()); }
  const ByteBuffer& plain() const { return plain_; }
  int64_t RoomBytes() const;
  void Clear();
  /// Gives the memory back.
  void Drop();

 private:
  struct Value {
    uint64_t hash;
    uint32_t offset, length;  // in plain_
  };
  static constexpr uint32_t kFree = UINT32_MAX;

  uint32_t Find(std::string_view value);
  bool Is(uint32_t number, uint64_t hash, std::string_view value) const;
  uint32_t Add(uint64_t hash, std::string_view value);
  void Rehash(size_t places);

  bool has_lengths_;
  std::vector<uint32_t> places_;  // numbers by hash; a power of two, at most half of it taken
  std::vector<Value> values_;
  ByteBuffer plain_;
  uint32_t last_ = 0;
  uint32_t last_offset_ = 0, last_length_ = kFree;
};

}  // namespace sluice
