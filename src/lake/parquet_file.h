#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/types.h"
#include "lake/byte_buffer.h"
#include "lake/data_file.h"
#include "lake/file_handle.h"
#include "lake/parquet_column.h"
#include "lake/parquet_footer.h"
#include "lake/parquet_stats.h"
#include "lake/table_schema.h"
#include "stage/chunk.h"

namespace sluice {

struct ParquetFileOptions {
  int64_t row_group_rows = 122'880;
  int64_t row_group_bytes = 32 << 20;  ///< encoded; a row group of large rows ends at it
  int64_t page_bytes = 512 << 10;      ///< before compression, about
  int32_t compression_level = 1;       ///< zstd's
};

/// One open Parquet file. Rows are encoded and compressed as they come; a row group is in memory
/// until it is whole. Used by one thread. Removes its file unless Finish returned it.
class ParquetFile {
 public:
  /// Makes a file under a random name. FailsWith kRetryable when the disk refuses, kFatal when the
  /// folder does.
  static Result<std::unique_ptr<ParquetFile>> Make(const IcebergSchema& schema, std::string folder,
                                                   const ParquetFileOptions& options);
  ~ParquetFile();
  ParquetFile(const ParquetFile&) = delete;
  ParquetFile& operator=(const ParquetFile&) = delete;

  const LocalPath& path() const { return path_; }
  int64_t rows() const { return stats_.rows() + group_stats_.rows(); }
  /// Returns about how large the file would be now.
  int64_t Bytes() const { return written_bytes_ + group_bytes_; }
  /// Returns what it holds in memory.
  int64_t BufferedBytes() const { return buffered_bytes_; }

  /// Encodes flat vectors in the schema's layout; keeps nothing that they point to. FailsWith as
  /// Make and ParquetStats::Add; the file is of no use then.
  Status Append(const Chunk& chunk);
  /// Writes what is left and returns the file, without its path and partition; it is the caller's
  /// from then on. FailsWith as Make, and kInvariant when the statistics are not of its rows.
  Result<DataFile> Finish();

 private:
  ParquetFile(const IcebergSchema& schema, LocalPath path, std::string folder, int descriptor,
              const ParquetFileOptions& options);
  Status EndRowGroup();
  Status Write(std::string_view bytes);
  ParquetTotals Totals() const;

  const IcebergSchema schema_;
  const LocalPath path_;
  const std::string folder_;
  const FileHandle handle_;
  const ParquetFileOptions options_;
  std::vector<ParquetLeaf> leaves_;
  std::vector<ParquetColumn> columns_;
  PagePress press_;
  ParquetStats stats_,
      group_stats_;  ///< of the row groups that are written, and of the one at hand
  std::vector<RowGroup> groups_;
  int64_t written_bytes_ = 0, group_bytes_ = 0, buffered_bytes_ = 0;
  bool returned_ = false;
};

}  // namespace sluice
