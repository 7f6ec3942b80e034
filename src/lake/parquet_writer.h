#pragma once

#include <cstdint>
#include <deque>
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
#include "stage/duck.h"

namespace sluice {

struct ParquetOptions {
  int64_t file_size_bytes = 128 << 20;     ///< a file is closed once it holds this much
  int64_t row_group_rows = 122'880;        ///< of the first open file; the nth has an nth of it
  int64_t row_group_bytes = 1 << 30;       ///< as its rows lie in memory; by a file's first ones
  int64_t max_open_files = 32;             ///< each has a thread; beyond it the largest is closed
  int64_t max_gathering = 1'024;           ///< partitions whose rows wait for a full chunk
  int64_t max_buffered_bytes = 192 << 20;  ///< of unfinished row groups, all files together
  int64_t max_queued_chunks = 32;          ///< of one file, before Append waits
  int64_t max_queued_bytes = 32 << 20;     ///< of one file, before Append waits
  int32_t compression_level = 1;           ///< zstd's

  /// FailsWith kInvalidConfig and the name of what is out of range.
  Status Validate() const;
};

struct FinishedFile {
  LocalPath local;
  DataFile file;  ///< without its path
};

class ParquetFile;
class ParquetSpool;
class Partitioner;

/// Writes one table's rows into Parquet files of its spool folder, one file or, in a partitioned
/// table, one for each partition at a time. Files stay open over many Appends; each is written by a
/// thread of its own. Used by one thread; the engine must outlive it. Its destructor discards.
class ParquetTableWriter {
 public:
  /// FailsWith kInvalidConfig for a column or partition that has no Parquet form here, kFatal when
  /// the folder cannot be made. Starts no file yet.
  static Result<std::unique_ptr<ParquetTableWriter>> Make(DuckEngine& engine,
                                                          const IcebergSchema& schema,
                                                          const PartitionSpec& spec,
                                                          std::string spool_folder,
                                                          ParquetOptions options);
  ~ParquetTableWriter();

  /// Adds rows: flat vectors, the schema's columns in order. `keep_alive` owns `rows` and all they
  /// point to; it is shared until they are written. Waits while a file's queue is full. FailsWith
  /// kInvariant for rows of another layout or infinite times, kRetryable or kFatal when a file
  /// cannot be written; after a failure every call fails alike until Discard.
  Status Append(const std::shared_ptr<const void>& keep_alive, std::span<const Chunk> rows);
  /// Returns about how many bytes are in the largest file that Close would return.
  int64_t OpenBytes() const;
  /// Ends all files and returns those that hold rows, the caller's from then on. Statistics are
  /// exact, and checked against each file's footer: kInvariant when they differ.
  Result<std::vector<FinishedFile>> Close();
  /// Stops all threads and removes every file that Close has not returned.
  void Discard();

 private:
  struct Output;
  struct Partition;
  ParquetTableWriter(std::unique_ptr<ParquetSpool> spool, std::unique_ptr<Partitioner> partitioner,
                     ParquetOptions options);

  Status AppendAll(const std::shared_ptr<const void>& keep_alive, std::span<const Chunk> rows);
  Status AppendChunk(std::shared_ptr<const Chunk> chunk);
  Status Scatter(const Chunk& chunk);
  Status Gather(Partition& partition, const Chunk& chunk);
  Status FlushGathered(Partition& partition);
  Status Write(Partition& partition, std::shared_ptr<const Chunk> chunk);
  Status Open(Partition& partition, const Chunk& first);
  Status Retire(Partition& partition, int64_t max_ending);
  Status KeepMemoryLimit();
  Status KeepPartitionLimit();
  Status CollectOldest();
  Result<std::vector<FinishedFile>> CloseAll();
  Status CheckLayout(const Chunk& chunk) const;
  Partition& PartitionOf(const std::string& key, const Chunk& chunk, size_t row);
  Partition& Largest();
  int64_t OpenFiles() const;

  const std::unique_ptr<ParquetSpool> spool_;
  const std::unique_ptr<Partitioner> partitioner_;
  const ParquetOptions options_;
  Schema layout_;
  std::optional<Error> failed_;
  std::vector<FinishedFile> finished_;
  std::deque<std::unique_ptr<Output>> ending_;  ///< their threads still write
  std::map<std::string, std::unique_ptr<Partition>, std::less<>> partitions_;  ///< by their key
};

}  // namespace sluice
