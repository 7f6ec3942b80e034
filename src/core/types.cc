#include "core/types.h"

#include <array>
#include <random>

namespace sluice {

Uuid Uuid::Random() {
  static thread_local std::mt19937_64 random{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(),
                       device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
  std::array<uint64_t, 2> bits{random(), random()};
  bits[0] = (bits[0] & ~0xF000ULL) | 0x4000ULL;
  bits[1] = (bits[1] & ~(0xC0ULL << 56)) | (0x80ULL << 56);
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) text += '-';
    text += kHex[(bits[static_cast<size_t>(nibble / 16)] >> (60 - 4 * (nibble % 16))) & 0xF];
  }
  return Uuid{std::move(text)};
}

}  // namespace sluice
