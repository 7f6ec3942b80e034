#include "source/utf8.h"

#include <cstdint>
#include <cstring>

namespace sluice {
namespace {

// Length of the sequence of two bytes or more at the front, or 0 when it is none.
size_t LongSequence(const uint8_t* at, size_t left) {
  const auto follows = [&](size_t i, uint8_t low = 0x80, uint8_t high = 0xBF) {
    return i < left && at[i] >= low && at[i] <= high;
  };
  const uint8_t lead = at[0];
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if ((lead & 0xF0) == 0xE0) {
    const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool IsUtf8(std::string_view bytes) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  const auto* const end = at + bytes.size();
  while (at < end) {
    uint64_t eight = 0;
    if (end - at >= 8 && (std::memcpy(&eight, at, 8), (eight & kHighBits) == 0)) {
      at += 8;
    } else if (*at < 0x80) {
      ++at;
    } else if (const size_t length = LongSequence(at, static_cast<size_t>(end - at))) {
      at += length;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace sluice
