#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "lake/data_file.h"
#include "lake/table_schema.h"
#include "stage/chunk.h"

namespace sluice {

enum class PartitionTransform : uint8_t { kIdentity, kDay, kHour, kMonth };

/// Tells which partition a row belongs to: identity of bool, int, long, date, timestamp(tz),
/// decimal, string or binary; day and month of dates and timestamps, hour of timestamps.
class Partitioner {
 public:
  /// FailsWith kInvalidConfig for a transform that the column's type does not have.
  static Result<std::unique_ptr<Partitioner>> Make(const IcebergSchema& schema,
                                                   const PartitionSpec& spec);

  bool IsPartitioned() const { return !fields_.empty(); }
  /// Returns whether all rows of a chunk, not empty, belong together. Cheap.
  bool IsOnePartition(const Chunk& chunk) const;
  /// Appends the row's partition to `key`; equal keys mean the same partition.
  void AppendKey(const Chunk& chunk, size_t row, std::string& key) const;
  /// Returns the row's partition for its file, one value for each field of the spec.
  std::vector<PartitionValue> ValuesOf(const Chunk& chunk, size_t row) const;

 private:
  struct Field {
    size_t column;
    Type type;
    PartitionTransform transform;
  };
  explicit Partitioner(std::vector<Field> fields) : fields_(std::move(fields)) {}
  static Result<Field> MakeField(const IcebergSchema& schema, const PartitionSpecField& field);
  static bool IsOneValue(const Field& field, const Chunk& chunk);
  static PartitionValue ValueOf(const Field& field, const Chunk& chunk, size_t row);

  std::vector<Field> fields_;
};

}  // namespace sluice
