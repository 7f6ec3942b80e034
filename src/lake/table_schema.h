#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stage/schema.h"

namespace sluice {

/// A field with the id that Iceberg knows it by. `children` mirrors `type.children` (a struct's
/// fields, a list's one `element`) and carries their ids.
struct IcebergField {
  int32_t id = 0;
  std::string name;
  Type type;
  bool required = false;
  std::vector<IcebergField> children{};
  std::string doc{};
  bool operator==(const IcebergField&) const = default;
};

struct IcebergSchema {
  int32_t schema_id = 0;
  std::vector<IcebergField> fields;
  bool operator==(const IcebergSchema&) const = default;
};

struct PartitionSpecField {
  std::string name;       ///< `genre`, `_timestamp_day`
  std::string transform;  ///< identity, day, hour, month
  int32_t source_id = 0;  ///< a top-level column
  int32_t field_id = 0;   ///< from 1000
  bool operator==(const PartitionSpecField&) const = default;
};

struct PartitionSpec {
  int32_t spec_id = 0;
  std::vector<PartitionSpecField> fields;
  bool operator==(const PartitionSpec&) const = default;
};

}  // namespace sluice
