#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lake/byte_buffer.h"
#include "lake/parquet_column.h"
#include "lake/parquet_schema.h"

namespace sluice {

/// The least and the greatest value of a leaf, as Parquet stores values of its type; those of texts
/// may be cut. Neither is there for a leaf without a value, in a list, with NaNs, or when unsure.
struct LeafBounds {
  std::string low{}, high{};
};

/// A row group as it lies in its file: its leaves one after the other.
struct RowGroup {
  int64_t rows = 0;
  int64_t offset = 0;  ///< in the file
  std::vector<ColumnChunk> chunks{};
  std::vector<std::optional<LeafBounds>> bounds{};
};

/// Four bytes at both ends of a Parquet file.
inline constexpr std::string_view kParquetMagic = "PAR1";

/// Appends the end of a Parquet file: FileMetaData, its length, the magic bytes
/// (parquet-format, src/main/thrift/parquet.thrift).
void AppendFooter(const IcebergSchema& schema, std::span<const ParquetLeaf> leaves,
                  std::span<const RowGroup> groups, ByteBuffer& to);

}  // namespace sluice
