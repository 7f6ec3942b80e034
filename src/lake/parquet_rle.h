#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "lake/byte_buffer.h"
#include "lake/thrift_writer.h"

namespace sluice {

/// Returns how many bits hold every number up to `most`; at least one.
inline uint32_t BitWidth(uint32_t most) {
  return static_cast<uint32_t>(std::bit_width(most | 1));
}

/// Appends `count` times the same value in Parquet's hybrid of runs and packed bits
/// (parquet-format, Encodings.md, RLE = 3); `value` fits into `width` bits.
inline void AppendRun(uint32_t value, size_t count, uint32_t width, ByteBuffer& to) {
  AppendVarint(count << 1, to);
  for (uint32_t bits = 0; bits < width; bits += 8)
    to.AppendByte(static_cast<uint8_t>(value >> bits));
}

/// Appends values packed into `width` bits each, in groups of eight: the last is filled up with
/// zeros, so only the last piece of a page may have another count.
template <typename T>
void AppendPacked(std::span<const T> values, uint32_t width, ByteBuffer& to) {
  if (values.empty()) return;
  const size_t groups = (values.size() + 7) / 8;
  AppendVarint(groups << 1 | 1, to);
  char* out = to.Extend(groups * width);
  uint64_t bits = 0;
  uint32_t held = 0;
  for (size_t i = 0; i < groups * 8; ++i) {
    bits |= (i < values.size() ? uint64_t{values[i]} : 0) << held;
    held += width;
    for (; held >= 8; held -= 8, bits >>= 8) *out++ = static_cast<char>(bits);
  }
}

/// Appends values of `width` bits (at most 32): runs of eight and more as such, the rest packed.
template <typename T>
void AppendHybrid(std::span<const T> values, uint32_t width, ByteBuffer& to) {
  size_t packed_from = 0;
  for (size_t at = 0; at < values.size();) {
    size_t end = at + 1;
    while (end < values.size() && values[end] == values[at]) ++end;
    // What is packed before a run must be whole groups, so they take from the run.
    const size_t run_from = packed_from + (at - packed_from + 7) / 8 * 8;
    if (end >= run_from + 8) {
      AppendPacked(values.subspan(packed_from, run_from - packed_from), width, to);
      AppendRun(values[at], end - run_from, width, to);
      packed_from = end;
    }
    at = end;
  }
  AppendPacked(values.subspan(packed_from), width, to);
}

}  // namespace sluice
