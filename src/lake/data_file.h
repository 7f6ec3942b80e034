#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/types.h"

namespace sluice {

/// What a manifest says of one leaf column of one file. Readers trust it blindly.
struct ColumnStats {
  int32_t field_id = 0;
  int64_t size_bytes = 0;
  int64_t value_count = 0;  ///< nulls included
  int64_t null_count = 0;
  std::optional<int64_t> nan_count{};  ///< float and double only
  /// Iceberg single-value bytes, truncated as lake-format.md says; absent for columns inside a
  /// list, for columns without a value, and wherever unsure.
  std::optional<std::string> lower{}, upper{};
  bool operator==(const ColumnStats&) const = default;
};

/// The value of one partition field, the same for every row of a file.
struct PartitionValue {
  std::optional<std::string> bytes{};  ///< Iceberg single-value bytes, untruncated; absent is null
  std::string text{};                  ///< for the folder's name, before percent-encoding
  bool operator==(const PartitionValue&) const = default;
};

/// One finished Parquet file, as a manifest entry describes it.
struct DataFile {
  RemotePath path;
  std::vector<PartitionValue> partition;  ///< one for each field of the spec, in its order
  int64_t record_count = 0;
  int64_t size_bytes = 0;
  std::vector<ColumnStats> columns;
  std::vector<int64_t> split_offsets;  ///< row group starts, ascending; empty: unknown
  bool operator==(const DataFile&) const = default;
};

}  // namespace sluice
