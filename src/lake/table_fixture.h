#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lake/catalog.h"
#include "lake/fake_catalog.h"
#include "lake/folder_store.h"
#include "lake/lake_commit.h"
#include "lake/manifest_context.h"
#include "lake/parquet_bounds.h"
#include "lake/reader.h"
#include "lake/remote_names.h"

namespace sluice {

/// For tests: a table in a folder. Manifests and metadata are real; the data files are names only,
/// which nothing reads.
class TableFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = "file://" + folder_;
    store_ = *FolderStore::Make(root_);
    table_ = {.name = {"raw", "t"},
              .location = root_ + "/raw/t",
              .columns = {{"n", {.kind = TypeKind::kLong}, false, {}}},
              .partition_by = {{"identity", "n"}}};
    const auto layout = NewLayout(table_);
    const RemotePath path = NewMetadata(table_.location, "");
    ASSERT_TRUE(
        store_->Put(path, WriteJson(NewTableMetadata(table_.location, *layout, 1)), Soon()));
    ASSERT_TRUE(InsertTable(catalog_, "lake", table_.name, path.value));
    const auto loaded = Load();
    prepared_ = std::make_shared<const PreparedTable>(*PrepareTable(table_, loaded->metadata));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static SteadyTime Soon() { return Now() + std::chrono::minutes(1); }
  TableLoader::Table Load() {
    TableLoader loader(*store_);
    auto loaded = loader.Load(catalog_.pointers.at("raw.t"), Soon());
    EXPECT_TRUE(loaded.has_value());
    return *loaded;
  }

  DataFile File(const std::string& name, int64_t value, int64_t records) const {
    return {.path = {table_.location + "/data/" + name},
            .partition = {{IntegerBytes(TypeKind::kLong, value), std::to_string(value)}},
            .record_count = records,
            .size_bytes = records * 10,
            .columns = {},
            .split_offsets = {}};
  }
  TablePart Part(const std::vector<DataFile>& files) {
    TablePart part{.append = {.prepared = prepared_, .snapshot_id = NewSnapshotId()},
                   .loader = std::make_shared<TableLoader>(*store_)};
    std::vector<ManifestEntry> entries;
    for (const DataFile& file : files) {
      entries.push_back(AddedEntry(file, part.append.snapshot_id));
      ++part.append.files;
      part.append.records += file.record_count;
      part.append.bytes += file.size_bytes;
    }
    part.append.partitions = 1;
    auto written = WriteManifest(prepared_->context, part.append.snapshot_id, entries);
    written->file.path = NewManifest(table_.location).value;
    EXPECT_TRUE(store_->Put({written->file.path}, written->bytes, Soon()));
    part.append.manifest = written->file;
    return part;
  }
  void Append(const std::vector<DataFile>& files) {
    LakeCommit commit(*store_, "lake", {Part(files)}, "[]");
    ASSERT_TRUE(commit.Apply(catalog_, {"append"}));
  }

  // `name:sequence number` of each live file.
  std::vector<std::string> Live() {
    const auto state = LoadLakeTable(catalog_, "lake", table_.name, *store_);
    const auto files = ListLiveFiles(*state->current, *state, *store_);
    EXPECT_TRUE(files.has_value()) << files.error().message;
    std::vector<std::string> names;
    for (const LiveFile& file : *files) {
      names.push_back(std::filesystem::path(file.path.value).filename().string() + ":" +
                      std::to_string(file.sequence_number));
    }
    return names;
  }
  std::map<std::string, std::string> Summary() {
    return LoadLakeTable(catalog_, "lake", table_.name, *store_)->current->summary;
  }
  std::vector<ManifestEntry> Entries(const ManifestFile& file) {
    return *LoadEntries(*store_, Load()->metadata, file, Soon());
  }

  const std::string folder_ =
      std::filesystem::temp_directory_path() / ("sluice-rewrite-" + Uuid::Random().value);
  std::string root_;
  FakeCatalog catalog_;
  std::unique_ptr<FolderStore> store_;
  LakeTable table_;
  std::shared_ptr<const PreparedTable> prepared_;
};

}  // namespace sluice
