#include "lake/table_rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lake/catalog.h"
#include "lake/fake_catalog.h"
#include "lake/folder_store.h"
#include "lake/lake_commit.h"
#include "lake/parquet_bounds.h"
#include "lake/reader.h"
#include "lake/remote_names.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// Manifests and metadata are real; the data files are names only, which nothing here reads.
class TableRewriteTest : public ::testing::Test {
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

  TableRewrite Plan(const std::vector<DataFile>& added, const std::vector<std::string>& removed,
                    RewriteKind kind = RewriteKind::kReplace) {
    TableRewrite rewrite{.table = table_.name,
                         .table_uuid = prepared_->table_uuid,
                         .kind = kind,
                         .context = prepared_->context,
                         .added = added};
    for (const std::string& name : removed) {
      rewrite.removed.insert(table_.location + "/data/" + name);
    }
    return rewrite;
  }
  Status Apply(RewriteCommit& commit) {
    static_cast<void>(catalog_.Query("BEGIN"));
    const Status status = commit.Apply(catalog_, {"rewrite"});
    static_cast<void>(catalog_.Query(status ? "COMMIT" : "ROLLBACK"));
    return status;
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

TEST_F(TableRewriteTest, FilesGiveWayAndAllOthersKeepTheirNumbers) {
  Append({File("a", 1, 10), File("b", 1, 5)});
  Append({File("c", 2, 7)});
  Append({File("d", 1, 1)});
  RewriteCommit commit(*store_, "lake", Plan({File("ad", 1, 11)}, {"a", "d"}));
  ASSERT_TRUE(commit.Prepare(catalog_));
  const std::string untouched = Load()->manifests[1].path;
  ASSERT_TRUE(Apply(commit));
  EXPECT_THAT(Live(), UnorderedElementsAre("ad:4", "b:1", "c:2"));
  const auto summary = Summary();
  EXPECT_EQ(summary.at("operation"), "replace");
  EXPECT_EQ(summary.at("total-records"), "23");
  EXPECT_EQ(summary.at("total-data-files"), "3");
  EXPECT_EQ(summary.at("total-files-size"), "230");
  EXPECT_EQ(summary.at("added-data-files"), "1");
  EXPECT_EQ(summary.at("deleted-data-files"), "2");
  EXPECT_EQ(summary.at("deleted-records"), "11");
  EXPECT_EQ(summary.at("removed-files-size"), "110");
  EXPECT_EQ(summary.at("changed-partition-count"), "1");
  const auto table = Load();
  ASSERT_EQ(table->manifests.size(), 3U);
  EXPECT_EQ(table->manifests[2].path, untouched);
  EXPECT_EQ(table->manifests[1].files, (std::array<int64_t, 3>{1, 0, 2}));
  EXPECT_EQ(table->manifests[1].min_sequence_number, 1);
  for (const ManifestEntry& entry : Entries(table->manifests[1])) {
    const bool gone = entry.status == EntryStatus::kDeleted;
    EXPECT_EQ(gone, !entry.path.ends_with("/b"));
    EXPECT_EQ(entry.sequence_number, entry.path.ends_with("/d") ? 3 : 1);
    EXPECT_EQ(gone, entry.snapshot_id == table->metadata.current_snapshot_id);
  }
  EXPECT_EQ(commit.Snapshots().at("raw.t"), table->metadata.current_snapshot_id);
}

TEST_F(TableRewriteTest, WhatWasAppendedMeanwhileStaysAndNothingIsDoneTwice) {
  Append({File("a", 1, 10)});
  Append({File("b", 1, 5)});
  RewriteCommit commit(*store_, "lake", Plan({File("ab", 1, 15)}, {"a", "b"}));
  ASSERT_TRUE(commit.Prepare(catalog_));
  const auto before = store_->List({table_.location}, Soon())->size();
  Append({File("c", 1, 1)});
  const auto after = store_->List({table_.location}, Soon())->size();
  ASSERT_TRUE(Apply(commit));
  EXPECT_THAT(Live(), UnorderedElementsAre("ab:4", "c:3"));
  EXPECT_EQ(store_->List({table_.location}, Soon())->size(), after + 2) << "a list and metadata";
  EXPECT_EQ(after, before + 3);
  Append({File("d", 1, 1)});
  EXPECT_THAT(Live(), UnorderedElementsAre("ab:4", "c:3", "d:5"));
  EXPECT_EQ(Load()->manifests.size(), 3U) << "what only tells of removed files is left out";
}

TEST_F(TableRewriteTest, AppendsThatMergedTheManifestsDoNotMatter) {
  for (int i = 0; i < 100; ++i) Append({File("f" + std::to_string(i), 1, 1)});
  RewriteCommit commit(*store_, "lake", Plan({File("new", 1, 2)}, {"f3", "f98"}));
  ASSERT_TRUE(commit.Prepare(catalog_));
  TablePart part = Part({File("g", 1, 1)});
  const auto table = Load();
  part.append.merge = *MergeManifests(*store_, *table, part.append.snapshot_id, Soon());
  ASSERT_TRUE(part.append.merge.has_value());
  LakeCommit append(*store_, "lake", {part}, "[]");
  ASSERT_TRUE(append.Apply(catalog_, {"append"}));
  ASSERT_TRUE(Apply(commit));
  const auto live = Live();
  EXPECT_EQ(live.size(), 100U);
  EXPECT_THAT(live, ::testing::IsSupersetOf({"new:102", "g:101", "f4:5", "f99:100"}));
  EXPECT_THAT(live, ::testing::Not(::testing::Contains(::testing::StartsWith("f98:"))));
}

TEST_F(TableRewriteTest, FilesThatWentMeanwhileCallForANewPlan) {
  Append({File("a", 1, 10)});
  Append({File("b", 1, 5)});
  RewriteCommit first(*store_, "lake", Plan({File("ab", 1, 15)}, {"a", "b"}));
  RewriteCommit second(*store_, "lake", Plan({File("ab2", 1, 15)}, {"a", "b"}));
  ASSERT_TRUE(first.Prepare(catalog_));
  ASSERT_TRUE(second.Prepare(catalog_));
  ASSERT_TRUE(Apply(first));
  const Status late = Apply(second);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kFenced);
  EXPECT_EQ(late.error().code, kPlanAnew);
  EXPECT_THAT(Live(), ElementsAre("ab:3"));
  RewriteCommit third(*store_, "lake", Plan({File("x", 1, 5)}, {"b"}));
  EXPECT_EQ(third.Prepare(catalog_).error().code, kPlanAnew);
}

TEST_F(TableRewriteTest, ALostRaceIsTriedAgain) {
  Append({File("a", 1, 10)});
  RewriteCommit commit(*store_, "lake", Plan({File("b", 1, 10)}, {"a"}));
  ASSERT_TRUE(commit.Prepare(catalog_));
  catalog_.lost_races = 1;
  EXPECT_EQ(Apply(commit).error().kind, ErrorKind::kRetryable);
  ASSERT_TRUE(Apply(commit));
  EXPECT_THAT(Live(), ElementsAre("b:2"));
}

TEST_F(TableRewriteTest, OtherRowsNeedAnOverwrite) {
  Append({File("a", 1, 10)});
  RewriteCommit wrong(*store_, "lake", Plan({File("b", 1, 9)}, {"a"}));
  EXPECT_EQ(wrong.Prepare(catalog_).error().kind, ErrorKind::kInvariant);
  RewriteCommit right(*store_, "lake",
                      Plan({File("b", 1, 9), File("c", 2, 3)}, {"a"}, RewriteKind::kOverwrite));
  ASSERT_TRUE(right.Prepare(catalog_));
  ASSERT_TRUE(Apply(right));
  EXPECT_EQ(Summary().at("operation"), "overwrite");
  EXPECT_EQ(Summary().at("total-records"), "12");
  RewriteCommit none(*store_, "lake", Plan({}, {"b", "c"}, RewriteKind::kOverwrite));
  ASSERT_TRUE(none.Prepare(catalog_));
  ASSERT_TRUE(Apply(none));
  EXPECT_THAT(Live(), ElementsAre());
  EXPECT_EQ(Summary().at("total-records"), "0");
}

TEST_F(TableRewriteTest, ManifestsAreMergedOnTheWay) {
  for (int i = 0; i < 20; ++i) Append({File("f" + std::to_string(i), i, 1)});
  TableRewrite rewrite = Plan({}, {});
  rewrite.merge_below_bytes = 1 << 20;
  RewriteCommit commit(*store_, "lake", rewrite);
  ASSERT_TRUE(commit.Prepare(catalog_));
  Append({File("g", 1, 1)});
  ASSERT_TRUE(Apply(commit));
  EXPECT_EQ(Load()->manifests.size(), 2U);
  EXPECT_EQ(Live().size(), 21U);
  EXPECT_EQ(Summary().at("total-records"), "21");
}

TEST_F(TableRewriteTest, AnotherTableOfTheNameIsRefused) {
  Append({File("a", 1, 10)});
  TableRewrite rewrite = Plan({File("b", 1, 10)}, {"a"});
  rewrite.table_uuid = "other";
  EXPECT_EQ(RewriteCommit(*store_, "lake", rewrite).Prepare(catalog_).error().kind,
            ErrorKind::kFatal);
}

}  // namespace
}  // namespace sluice
