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
    const uint64_t word = WordOf(value);
    // Columns repeat themselves.
    return Is(last_, word, value) ? last_number_ : Find(word, value);
  }
  uint32_t size() const { return static_cast<uint32_t>(values_.size()); }
  const ByteBuffer& plain() const { return plain_; }
  int64_t RoomBytes() const;
  void Clear();
  /// Gives the memory back.
  void Drop();

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  // A value of up to eight bytes is its word; of a longer one this is the hash.
  struct Value {
    uint64_t word;
    uint32_t offset;  // in plain_
    uint32_t length = kFree;
  };

  static uint64_t Load(const char* from) {
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    return word;
  }
  static uint64_t WordOf(std::string_view value) {
    const char* const at = value.data();
    const size_t size = value.size();
    if (size > 8) return HashOf(value);
    if (size == 8) return Load(at);
    if (size >= 4) {  // words that overlap, instead of a call to copy so many bytes
      uint32_t first, last;
      std::memcpy(&first, at, sizeof first);
      std::memcpy(&last, at + size - sizeof last, sizeof last);
      return first | uint64_t{last} << 32;
    }
    const auto byte = [&](size_t index) { return uint64_t{static_cast<uint8_t>(at[index])}; };
    return size == 0 ? 0 : byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16;
  }
  bool Is(const Value& known, uint64_t word, std::string_view value) const {
    if (known.word != word || known.length != value.size()) return false;
    return value.size() <= 8 ||
           std::memcmp(plain_.data() + known.offset, value.data(), value.size()) == 0;
  }
  static uint64_t HashOf(std::string_view value);
  uint32_t Find(uint64_t word, std::string_view value);
  void Add(size_t place, uint64_t word, std::string_view value);
  void Rehash(size_t places);

  bool has_lengths_;
  std::vector<uint32_t> places_;  // numbers by hash; a power of two, at most half of it taken
  std::vector<Value> values_;
  ByteBuffer plain_;
  Value last_{};
  uint32_t last_number_ = 0;
};

}  // namespace sluice
