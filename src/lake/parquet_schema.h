#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lake/table_schema.h"
#include "lake/thrift_writer.h"

namespace sluice {

/// How Parquet stores values; numbered as in its Thrift definition.
enum class PhysicalType : uint8_t {
  kBoolean = 0,
  kInt32 = 1,
  kInt64 = 2,
  kFloat = 4,
  kDouble = 5,
  kByteArray = 6,
  kFixedBytes = 7,
};

/// One step from a column's vector towards a leaf: into a struct's child, or into a list's element.
struct LeafStep {
  static constexpr size_t kElement = SIZE_MAX;
  size_t child = kElement;
};

/// A column of a Parquet file. Every field is OPTIONAL, as readers of Iceberg take required columns
/// too.
struct ParquetLeaf {
  int32_t field_id = 0;
  Type type{};
  PhysicalType physical = PhysicalType::kByteArray;
  int32_t fixed_bytes = 0;          ///< of kFixedBytes: the fewest that hold the precision
  size_t column = 0;                ///< the top-level field it belongs to
  std::vector<LeafStep> steps{};    ///< from that field's vector
  std::vector<std::string> path{};  ///< names, a list's inner groups among them
  uint8_t max_definition = 1;       ///< of a value that is there
  uint8_t max_repetition = 0;       ///< lists around it
};

/// Returns the leaves in depth-first order.
std::vector<ParquetLeaf> LeavesOf(const IcebergSchema& schema);

/// Writes the list of SchemaElements (field 2 of FileMetaData) with their Iceberg field ids.
void WriteSchema(const IcebergSchema& schema, ThriftWriter& to);

}  // namespace sluice
