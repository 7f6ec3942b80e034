#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "lake/data_file.h"
#include "lake/table_schema.h"
#include "stage/chunk.h"

namespace sluice {

struct ParquetOptions {
  int64_t file_size_bytes = 128 << 20;    ///< a file is closed once it holds this much
  int64_t row_group_rows = 122'880;       ///< a row group ends at so many rows,
  int64_t row_group_bytes = 32 << 20;     ///< or at so many bytes as they are encoded
  int64_t max_open_files = 32;            ///< beyond it the largest is closed
  int64_t max_gathering = 1'024;          ///< partitions whose rows wait for a full chunk
  int64_t max_buffered_bytes = 96 << 20;  ///< in memory; beyond it the largest file is closed
  int32_t compression_level = 1;          ///< zstd's

  /// FailsWith kInvalidConfig and the name of what is out of range.
  Status Validate() const;
};

struct FinishedFile {
  LocalPath local;
  DataFile file;  ///< without its path
};

class ParquetFile;
class Partitioner;

/// Writes one table's rows into Parquet files of its spool folder, one file or, in a partitioned
/// table, one for each partition at a time. Files stay open over many Appends. Used by one thread.
/// Its destructor discards.
class ParquetTableWriter {
 public:
  /// FailsWith kInvalidConfig for a column or partition that has no Parquet form here, kFatal when
  /// the folder cannot be made. Starts no file yet.
  static Result<std::unique_ptr<ParquetTableWriter>> Make(const IcebergSchema& schema,
                                                          const PartitionSpec& spec,
                                                          std::string spool_folder,
                                                          ParquetOptions options);
  ~ParquetTableWriter();

  /// Adds rows: flat vectors, the schema's columns in order. Keeps nothing that they point to.
  /// FailsWith kInvariant for rows of another layout or infinite times, kRetryable or kFatal when a
  /// file cannot be written; after a failure every call fails alike until Discard.
  Status Append(std::span<const Chunk> rows);
  /// Returns about how many bytes are in the largest file that Close would return.
  int64_t OpenBytes() const;
  /// Ends all files and returns those that hold rows, the caller's from then on. Statistics are
  /// exact; kInvariant when other rows were written.
  Result<std::vector<FinishedFile>> Close();
  /// Removes every file that Close has not returned.
  void Discard();

 private:
  struct Partition;
  ParquetTableWriter(IcebergSchema schema, std::unique_ptr<Partitioner> partitioner,
                     std::string folder, ParquetOptions options);

  Status AppendAll(std::span<const Chunk> rows);
  Status AppendChunk(const Chunk& chunk);
  Status Scatter(const Chunk& chunk);
  Status Gather(Partition& partition, const Chunk& chunk);
  Status FlushGathered(Partition& partition);
  Status Write(Partition& partition, const Chunk& chunk);
  Status Open(Partition& partition);
  Status Retire(Partition& partition);
  Status KeepMemoryLimit();
  Status KeepPartitionLimit();
  Result<std::vector<FinishedFile>> CloseAll();
  Status CheckLayout(const Chunk& chunk) const;
  Partition& PartitionOf(const std::string& key, const Chunk& chunk, size_t row);
  Partition& Largest();
  int64_t OpenFiles() const;

  const IcebergSchema schema_;
  const std::unique_ptr<Partitioner> partitioner_;
  const std::string folder_;
  const ParquetOptions options_;
  Schema layout_;
  std::optional<Error> failed_;
  std::vector<FinishedFile> finished_;
  std::map<std::string, std::unique_ptr<Partition>, std::less<>> partitions_;  ///< by their key
};

}  // namespace sluice
