#include "lake/avro_writer.h"

#include <bit>

#include "core/types.h"
#include "lake/deflate.h"

namespace sluice {
namespace {

constexpr std::string_view kMagic("Obj\1", 4);

template <typename Bits>
void AppendLittleEndian(std::string& bytes, Bits bits) {
  for (size_t i = 0; i < sizeof(Bits); ++i) bytes += static_cast<char>(bits >> (8 * i) & 0xFF);
}

// 16 random bytes: those of a UUID, which nobody reads as one here.
std::string SyncMarker() {
  std::string marker;
  int high = -1;
  for (const char digit : Uuid::Random().value) {
    if (digit == '-') continue;
    const int value = digit <= '9' ? digit - '0' : digit - 'a' + 10;
    if (high >= 0) marker += static_cast<char>(high * 16 + value);
    high = high >= 0 ? -1 : value;
  }
  return marker;
}

}  // namespace

void AvroEncoder::Long(int64_t value) {
  auto bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  while (bits >= 0x80) {
    bytes_ += static_cast<char>(bits | 0x80);
    bits >>= 7;
  }
  bytes_ += static_cast<char>(bits);
}

void AvroEncoder::Bytes(std::string_view bytes) {
  Long(static_cast<int64_t>(bytes.size()));
  bytes_ += bytes;
}

void AvroEncoder::Float(float value) {
  AppendLittleEndian(bytes_, std::bit_cast<uint32_t>(value));
}
void AvroEncoder::Double(double value) {
  AppendLittleEndian(bytes_, std::bit_cast<uint64_t>(value));
}

std::string MakeAvroFile(std::map<std::string, std::string> metadata, const std::string& schema,
                         int64_t count, const std::string& payload) {
  metadata["avro.schema"] = schema;
  // Readers differ about a missing codec: PyIceberg takes it as gzip.
  metadata["avro.codec"] = "deflate";
  const std::string sync = SyncMarker();
  AvroEncoder file;
  file.Raw(kMagic);
  file.Long(static_cast<int64_t>(metadata.size()));
  for (const auto& [key, value] : metadata) {
    file.Bytes(key);
    file.Bytes(value);
  }
  file.Long(0);
  file.Raw(sync);
  if (count > 0) {
    file.Long(count);
    file.Bytes(Deflate(payload));
    file.Raw(sync);
  }
  return file.bytes();
}

}  // namespace sluice
