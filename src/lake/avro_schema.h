#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace sluice {

enum class AvroKind : uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kFixed,
  kEnum,
  kRecord,
  kArray,
  kMap,
  kUnion,
};

/// A node of a writer's schema. Shared, because a named type may be used in several places.
struct AvroType {
  AvroKind kind = AvroKind::kNull;
  int64_t fixed_bytes = 0;
  int depth = 1;  ///< levels of types from here down
  /// A record's fields, a union's branches, the one type of an array or a map's values.
  std::vector<std::shared_ptr<const AvroType>> children{};
  std::vector<std::optional<int32_t>> field_ids{};  ///< a record's, as many as children
};

/// Reads a schema's JSON. Refuses nesting over 64 levels and types that contain themselves.
Result<std::shared_ptr<const AvroType>> ParseAvroSchema(std::string_view json);

}  // namespace sluice
