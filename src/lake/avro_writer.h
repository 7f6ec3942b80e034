#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sluice {

/// Appends values in Avro's binary encoding.
class AvroEncoder {
 public:
  void Long(int64_t value);
  void Bytes(std::string_view bytes);  ///< length, then the bytes: also for strings
  void Raw(std::string_view bytes) { bytes_ += bytes; }
  void Bool(bool value) { bytes_ += value ? '\1' : '\0'; }
  void Float(float value);
  void Double(double value);
  /// Branches of our unions, always `["null", T]`.
  void Null() { Long(0); }
  void Present() { Long(1); }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Returns an Avro container file of `count` records encoded in `payload`, deflated in one block.
/// `metadata` is the file's key-value header; `avro.schema` and `avro.codec` are added here.
std::string MakeAvroFile(std::map<std::string, std::string> metadata, const std::string& schema,
                         int64_t count, const std::string& payload);

}  // namespace sluice
