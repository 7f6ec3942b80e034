#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lake/lake_commit.h"
#include "lake/object_store.h"
#include "lake/parquet_writer.h"
#include "lake/put_time.h"
#include "lake/table_layout.h"

namespace sluice {

/// One table's way from rows to an append that only waits for its commit.
class TableStream {
 public:
  TableStream(ObjectStore& store, LakeTable table, std::string spool_folder,
              int64_t file_size_bytes);

  const LakeTable& table() const { return table_; }
  const std::shared_ptr<TableLoader>& loader() const { return loader_; }

  /// Fixes how files are written from now on. Rows in hand must be gone: kInvariant.
  Status Use(PreparedTable prepared);
  Status Append(const Chunks& rows);
  int64_t OpenBytes() const;
  /// Closes the files and uploads them, without a manifest. After a failure the next call goes on
  /// with what is not uploaded yet.
  Status Flush();
  /// Returns all files that were uploaded since the last Seal, for a commit that is no append.
  std::vector<DataFile> TakeUploaded() { return std::exchange(uploaded_, {}); }
  /// Closes the files and uploads them and their manifest; nothing when there were no rows. After a
  /// failure the next call goes on with what is not uploaded yet.
  Result<std::optional<TablePart>> Seal();
  void Discard();

 private:
  Status Upload();
  Result<ManifestFile> PutManifest(int64_t snapshot_id, TableAppend& append);
  std::optional<ManifestMerge> TryMerge(int64_t snapshot_id);

  ObjectStore& store_;
  LakeTable table_;
  std::string spool_folder_;
  int64_t file_size_bytes_;
  std::shared_ptr<TableLoader> loader_;
  std::shared_ptr<const PreparedTable> prepared_;
  std::vector<FinishedFile> local_;  // closed, not uploaded
  std::vector<DataFile> uploaded_;
  PutTime first_put_;      // of those
  bool has_rows_ = false;  // in the writer, since it was last closed
  std::unique_ptr<ParquetTableWriter> writer_;
};

}  // namespace sluice
