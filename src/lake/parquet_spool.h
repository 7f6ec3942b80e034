#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/result.h"
#include "core/types.h"
#include "lake/parquet_feed.h"
#include "lake/table_schema.h"
#include "stage/duck.h"

namespace sluice {

/// The feeds of a table's open files by number, as its DuckDB function finds them. Thread-safe.
class ParquetFeeds {
 public:
  explicit ParquetFeeds(const IcebergSchema& schema) : schema_(schema) {}
  const IcebergSchema& schema() const { return schema_; }
  uint64_t Add(std::shared_ptr<ParquetFeed> feed);
  /// Returns null when there is none.
  std::shared_ptr<ParquetFeed> Find(uint64_t number) const;
  void Remove(uint64_t number);

 private:
  const IcebergSchema schema_;
  mutable std::mutex mutex_;
  uint64_t last_ = 0;
  std::map<uint64_t, std::shared_ptr<ParquetFeed>> feeds_;
};

/// What all Parquet files of one table have in common: the folder, the schema, and the DuckDB
/// table function that reads their feeds. Thread-safe after Make; the engine must outlive it.
class ParquetSpool {
 public:
  /// Makes the folder and registers the function, which stays in the engine as long as that lives.
  static Result<std::unique_ptr<ParquetSpool>> Make(DuckEngine& engine, const IcebergSchema& schema,
                                                    std::string folder, int32_t compression_level);

  const IcebergSchema& schema() const { return feeds_->schema(); }
  ParquetFeeds& feeds() const { return *feeds_; }
  const std::string& folder() const { return folder_; }
  Result<DuckConnectionHandle> Connect() const { return engine_.Connect(); }
  /// Returns the COPY that writes what a feed brings to a file.
  std::string CopySql(uint64_t feed, const LocalPath& path, int64_t row_group_rows) const;

 private:
  ParquetSpool(DuckEngine& engine, std::shared_ptr<ParquetFeeds> feeds, std::string folder,
               std::string function, int32_t compression_level);

  DuckEngine& engine_;
  std::shared_ptr<ParquetFeeds> feeds_;
  std::string folder_;
  std::string function_;
  int32_t compression_level_;
};

}  // namespace sluice
