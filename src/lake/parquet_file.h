#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "core/result.h"
#include "core/types.h"
#include "lake/parquet_feed.h"
#include "lake/parquet_footer.h"
#include "lake/parquet_spool.h"

namespace sluice {

struct ParquetFileOptions {
  int64_t row_group_rows = 122'880;
  int64_t max_queued_chunks = 32;
  int64_t max_queued_bytes = 32 << 20;
};

/// One open Parquet file: a DuckDB connection and a thread that runs COPY over its feed. Starts a
/// thread, so it is a scope: the destructor stops and joins it, and removes the file unless Finish
/// returned it.
class ParquetFile {
 public:
  /// Starts a file under a random name in the spool's folder.
  static Result<std::unique_ptr<ParquetFile>> Start(const ParquetSpool& spool,
                                                    const ParquetFileOptions& options);
  ~ParquetFile();
  ParquetFile(const ParquetFile&) = delete;
  ParquetFile& operator=(const ParquetFile&) = delete;

  const LocalPath& path() const { return path_; }
  /// Hands a chunk of flat vectors over, waiting while the queue is full; it is shared until DuckDB
  /// has copied its rows. FailsWith kRetryable when the disk refuses, kFatal when the folder does.
  Status Push(std::shared_ptr<const Chunk> chunk, int64_t bytes);
  /// Says that no more rows follow; the thread finishes the file meanwhile.
  void End() { feed_->End(); }
  /// Ends, waits until the file is whole and returns its footer. FailsWith as Push.
  Result<ParquetFooter> Finish();
  /// Returns the size on disk, where only whole row groups have arrived.
  int64_t BytesOnDisk() const;

 private:
  ParquetFile(const ParquetSpool& spool, LocalPath path, DuckConnectionHandle connection,
              const ParquetFileOptions& options);
  void Run();
  Result<ParquetFooter> Write();
  Status Copy();

  const ParquetSpool& spool_;
  const LocalPath path_;
  const DuckConnectionHandle connection_;
  const std::shared_ptr<ParquetFeed> feed_;
  const uint64_t feed_number_;
  const int64_t row_group_rows_;
  bool returned_ = false;
  std::optional<Result<ParquetFooter>> outcome_;  ///< the thread's until it is joined
  std::thread thread_;                            ///< last: it uses all of the above
};

}  // namespace sluice
