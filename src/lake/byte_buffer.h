#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace sluice {

/// Bytes that grow at the end, without being cleared first as a string's would. Keeps its room when
/// it is emptied.
class ByteBuffer {
 public:
  /// Returns the place of `bytes` more, for the caller to fill; valid until the next Extend.
  char* Extend(size_t bytes) {
    if (size_ + bytes > room_) Grow(size_ + bytes);
    size_ += bytes;
    return data_.get() + size_ - bytes;
  }
  void Append(const void* from, size_t bytes) {
    if (bytes > 0) std::memcpy(Extend(bytes), from, bytes);
  }
  void Append(std::string_view bytes) { Append(bytes.data(), bytes.size()); }
  void AppendByte(uint8_t byte) { *Extend(1) = static_cast<char>(byte); }
  /// Keeps the first `bytes`, at most size().
  void Truncate(size_t bytes) { size_ = bytes; }
  void Clear() { size_ = 0; }

  size_t size() const { return size_; }
  size_t room() const { return room_; }
  bool empty() const { return size_ == 0; }
  const char* data() const { return data_.get(); }
  std::string_view view() const { return {data_.get(), size_}; }

 private:
  void Grow(size_t least) {
    constexpr size_t kFirst = 256;
    const size_t room = std::max({least, kFirst, room_ + room_ / 2});
    auto larger = std::make_unique_for_overwrite<char[]>(room);
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    room_ = room;
  }

  std::unique_ptr<char[]> data_;
  size_t size_ = 0, room_ = 0;
};

}  // namespace sluice
