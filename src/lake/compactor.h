#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "lake/compaction_plan.h"
#include "lake/parquet_writer.h"
#include "lake/table_rewrite.h"
#include "stage/duck.h"

namespace sluice {

/// Writes the rows of small data files into larger ones: read by field id under the table's current
/// schema, so renamed, added and widened columns come out as readers see them. One row group is in
/// memory at a time. Used by one thread; `engine` and `store` outlive it.
class Compactor {
 public:
  struct Options {
    std::string spool_folder;  ///< for files before they are uploaded, and copies of remote ones
    int64_t target_file_bytes = 128 << 20;
    std::stop_token stop{};
    std::function<void(int64_t)> on_bytes = [](int64_t) {};  ///< read since the start
  };

  Compactor(DuckEngine& engine, ObjectStore& store, Options options)
      : engine_(engine), store_(store), options_(std::move(options)) {}

  /// Returns the job as a rewrite whose new files are in the store. FailsWith kInvalidConfig for a
  /// table with types or renamed nested columns that it cannot copy, kInvariant when rows turn out
  /// to lie in another partition than their manifest says, kShutdown, kRetryable.
  Result<TableRewrite> Run(const TableName& name, const TableMetadata& metadata,
                           const CompactionJob& job);

 private:
  Status CopyRows(ParquetTableWriter& writer, const IcebergSchema& schema,
                  const CompactionBin& bin);
  Status Upload(const TableMetadata& metadata, const CompactionBin& bin,
                std::vector<FinishedFile> files, TableRewrite& rewrite);

  DuckEngine& engine_;
  ObjectStore& store_;
  Options options_;
  int64_t bytes_ = 0;
};

}  // namespace sluice
