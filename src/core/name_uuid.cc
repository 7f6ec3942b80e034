#include "core/name_uuid.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <charconv>
#include <string>

namespace sluice {

Uuid NameUuid(const Uuid& space, std::string_view name) {
  std::string bytes;
  for (const char* at = space.value.data(); at < space.value.data() + space.value.size();) {
    uint8_t byte = 0;
    at += *at == '-' ? 1 : 0;
    std::from_chars(at, at + 2, byte, 16);
    bytes += static_cast<char>(byte);
    at += 2;
  }
  bytes += name;
  std::array<uint8_t, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest.data());
  digest[6] = static_cast<uint8_t>((digest[6] & 0x0F) | 0x50);
  digest[8] = static_cast<uint8_t>((digest[8] & 0x3F) | 0x80);
  std::string text;
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", digest[i]);
  }
  return {text};
}

}  // namespace sluice
