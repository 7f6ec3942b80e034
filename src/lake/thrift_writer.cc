#include "lake/thrift_writer.h"

namespace sluice {
namespace {

// Types of fields.
constexpr uint8_t kTrue = 1, kFalse = 2, kI16 = 4, kI32 = 5, kI64 = 6, kBinary = 8, kList = 9,
                  kStruct = 12;

uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

}  // namespace

void AppendVarint(uint64_t value, ByteBuffer& to) {
  for (; value >= 0x80; value >>= 7) to.AppendByte(static_cast<uint8_t>(value | 0x80));
  to.AppendByte(static_cast<uint8_t>(value));
}

void ThriftWriter::Header(int16_t id, uint8_t type) {
  const int delta = id - last_ids_.back();
  last_ids_.back() = id;
  if (delta > 0 && delta <= 15) {
    to_.AppendByte(static_cast<uint8_t>(delta << 4 | type));
  } else {
    to_.AppendByte(type);
    AppendVarint(ZigZag(id), to_);
  }
}

void ThriftWriter::Bool(int16_t id, bool value) {
  Header(id, value ? kTrue : kFalse);
}

void ThriftWriter::I16(int16_t id, int16_t value) {
  Header(id, kI16);
  AppendVarint(ZigZag(value), to_);
}

void ThriftWriter::I32(int16_t id, int32_t value) {
  Header(id, kI32);
  ElementI32(value);
}

void ThriftWriter::I64(int16_t id, int64_t value) {
  Header(id, kI64);
  AppendVarint(ZigZag(value), to_);
}

void ThriftWriter::Binary(int16_t id, std::string_view bytes) {
  Header(id, kBinary);
  ElementBinary(bytes);
}

void ThriftWriter::Begin(int16_t id) {
  Header(id, kStruct);
  BeginElement();
}

void ThriftWriter::Empty(int16_t id) {
  Begin(id);
  End();
}

void ThriftWriter::List(int16_t id, ThriftType type, size_t count) {
  constexpr size_t kShort = 15;
  Header(id, kList);
  const auto low = static_cast<uint8_t>(type);
  to_.AppendByte(static_cast<uint8_t>(std::min(count, kShort) << 4 | low));
  if (count >= kShort) AppendVarint(count, to_);
}

void ThriftWriter::ElementI32(int32_t value) {
  AppendVarint(ZigZag(value), to_);
}

void ThriftWriter::ElementBinary(std::string_view bytes) {
  AppendVarint(bytes.size(), to_);
  to_.Append(bytes);
}

void ThriftWriter::End() {
  to_.AppendByte(0);
  last_ids_.pop_back();
}

}  // namespace sluice
