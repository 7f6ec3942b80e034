#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"

namespace sluice {

/// One decoded value. Records keep the fields that carry a `field-id`, by that id; names do not
/// count. Unions are gone: a value or null. Avro's own maps (string keys) are read over.
struct AvroValue {
  using Record = std::vector<std::pair<int32_t, AvroValue>>;
  using List = std::vector<AvroValue>;
  /// null · boolean · int, long, enum · float, double · bytes, string, fixed · record · array
  std::variant<std::monostate, bool, int64_t, double, std::string, Record, List> value{};

  /// Returns field `id` of a record; null when there is none or this is no record.
  const AvroValue* Find(int32_t id) const;
  bool IsNull() const { return std::holds_alternative<std::monostate>(value); }
  const bool* Bool() const { return std::get_if<bool>(&value); }
  const int64_t* Int() const { return std::get_if<int64_t>(&value); }
  const double* Real() const { return std::get_if<double>(&value); }
  const std::string* Text() const { return std::get_if<std::string>(&value); }
  const List* Items() const { return std::get_if<List>(&value); }
};

struct AvroFile {
  std::map<std::string, std::string> metadata;
  std::vector<AvroValue> records;
};

/// What a file of others may cost us at most.
struct AvroLimits {
  int64_t max_plain_bytes = 512 << 20;  ///< all blocks unpacked
  int64_t max_values = 16'000'000;      ///< of any kind, nested ones included
};

/// Reads a whole container file by its writer's schema; codecs `null` and `deflate`. `what` names
/// the file in errors, which are kFatal with kBrokenMetadata.
Result<AvroFile> ReadAvroFile(std::string_view bytes, std::string_view what,
                              const AvroLimits& limits = {});

}  // namespace sluice
