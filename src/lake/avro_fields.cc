#include "lake/avro_fields.h"

#include <fmt/format.h>

namespace sluice {

Json RequiredAvro(const char* name, int32_t id, Json type) {
  return {{"name", name}, {"field-id", id}, {"type", std::move(type)}};
}

Json OptionalAvro(const std::string& name, int32_t id, Json type) {
  Json branches = Json::array({"null"});
  branches.push_back(std::move(type));
  return {{"name", name}, {"field-id", id}, {"type", std::move(branches)}, {"default", nullptr}};
}

Json RecordAvro(const std::string& name, Json fields) {
  return {{"type", "record"}, {"name", name}, {"fields", std::move(fields)}};
}

Json ListAvro(int32_t element_id, Json items) {
  return {{"type", "array"}, {"element-id", element_id}, {"items", std::move(items)}};
}

Json IntMapAvro(int32_t key_id, int32_t value_id, const char* value_type) {
  Json fields = Json::array(
      {RequiredAvro("key", key_id, "int"), RequiredAvro("value", value_id, value_type)});
  return {{"type", "array"},
          {"logicalType", "map"},
          {"items", RecordAvro(fmt::format("k{}_v{}", key_id, value_id), std::move(fields))}};
}

std::string AvroName(const std::string& name) {
  std::string clean;
  for (const char byte : name) {
    const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
    const bool digit = byte >= '0' && byte <= '9';
    if (digit && clean.empty()) clean += '_';
    clean +=
        letter || digit ? std::string(1, byte) : fmt::format("_x{:X}", static_cast<uint8_t>(byte));
  }
  return clean.empty() ? "_" : clean;
}

}  // namespace sluice
