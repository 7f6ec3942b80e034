#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "lake/json.h"

namespace sluice {

/// Iceberg's shapes in Avro schema JSON. Field ids are what readers go by.
Json RequiredAvro(const char* name, int32_t id, Json type);
/// A `["null", type]` field with default null.
Json OptionalAvro(const std::string& name, int32_t id, Json type);
Json RecordAvro(const std::string& name, Json fields);
Json ListAvro(int32_t element_id, Json items);
/// A map with int keys: an array of key-value records.
Json IntMapAvro(int32_t key_id, int32_t value_id, const char* value_type);

/// Returns a name that Avro allows: other characters as `_x<HEX>`, no digit in front.
std::string AvroName(const std::string& name);

}  // namespace sluice
