#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "lake/byte_buffer.h"

namespace sluice {

/// Appends `value` as a variable-length integer of seven bits a byte (LEB128).
void AppendVarint(uint64_t value, ByteBuffer& to);

/// Types of list elements, by their number in the compact protocol.
enum class ThriftType : uint8_t { kI32 = 5, kBinary = 8, kStruct = 12 };

/// Writes one Thrift struct in the compact protocol, which Parquet's footers and page headers are
/// in (thrift/doc/specs/thrift-compact-protocol.md). Fields come in ascending order of their ids.
class ThriftWriter {
 public:
  explicit ThriftWriter(ByteBuffer& to) : to_(to) {}

  void Bool(int16_t id, bool value);
  void I16(int16_t id, int16_t value);
  void I32(int16_t id, int32_t value);
  void I64(int16_t id, int64_t value);
  void Binary(int16_t id, std::string_view bytes);
  /// A field that is a struct; its own fields follow until End.
  void Begin(int16_t id);
  /// A field that is a struct without fields: a member of a union that says all by its id.
  void Empty(int16_t id);
  /// A field that is a list; its elements follow, nothing ends it.
  void List(int16_t id, ThriftType type, size_t count);
  void ElementI32(int32_t value);
  void ElementBinary(std::string_view bytes);
  void BeginElement() { last_ids_.push_back(0); }
  /// Ends the innermost struct; once more than was begun, the whole.
  void End();

 private:
  void Header(int16_t id, uint8_t type);

  ByteBuffer& to_;
  std::vector<int16_t> last_ids_{0};
};

}  // namespace sluice
