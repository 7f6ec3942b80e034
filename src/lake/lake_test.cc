#include "lake/lake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "lake/catalog.h"
#include "lake/fake_catalog.h"
#include "lake/folder_store.h"
#include "lake/reader.h"

namespace sluice {
namespace {

// A folder whose n-th write fails, before or after it took place.
class FlakyStore : public ObjectStore {
 public:
  explicit FlakyStore(std::unique_ptr<ObjectStore> store) : store_(std::move(store)) {}

  Status Put(const RemotePath& path, std::string_view bytes, SteadyTime deadline) override {
    Note(deadline);
    std::this_thread::sleep_for(write_takes);
    return Flaky([&] { return store_->Put(path, bytes, deadline); });
  }
  Status PutFile(const LocalPath& from, const RemotePath& to, SteadyTime deadline) override {
    return Flaky([&] { return store_->PutFile(from, to, deadline); });
  }
  Result<std::string> Get(const RemotePath& path, int64_t most, SteadyTime deadline) override {
    Note(deadline);
    return store_->Get(path, most, deadline);
  }
  Result<std::string> GetRange(const RemotePath& path, int64_t offset, int64_t length,
                               SteadyTime deadline) override {
    return store_->GetRange(path, offset, length, deadline);
  }
  Result<int64_t> Head(const RemotePath& path, SteadyTime deadline) override {
    return store_->Head(path, deadline);
  }
  Result<std::vector<ObjectInfo>> List(const RemotePath& folder, SteadyTime deadline) override {
    return store_->List(folder, deadline);
  }
  Status Delete(const RemotePath& path, SteadyTime deadline) override {
    return store_->Delete(path, deadline);
  }
  Status Check(const RemotePath& folder, SteadyTime deadline) override {
    return store_->Check(folder, deadline);
  }

  std::set<SteadyTime> deadlines;
  int writes_until_failure = -1;  // -1: never
  bool reply_lost = false;        // the write that fails took place
  std::chrono::milliseconds write_takes{0};

 private:
  template <typename Write>
  Status Flaky(Write write) {
    bool fails = false;
    {
      const std::scoped_lock lock(mutex_);  // files are uploaded by several threads
      fails = writes_until_failure == 0;
      if (writes_until_failure >= 0) --writes_until_failure;
    }
    if (!fails) return write();
    if (reply_lost) SLUICE_TRY(write());
    return Fail(ErrorKind::kRetryable, "the store is away");
  }

  void Note(SteadyTime deadline) {
    const std::scoped_lock lock(mutex_);
    deadlines.insert(deadline);
  }

  std::mutex mutex_;
  std::unique_ptr<ObjectStore> store_;
};

class LakeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("sluice-lake-" + Uuid::Random().value);
    spec_.root = "file://" + folder_ + "/lake";
    store_ = std::make_unique<FlakyStore>(*FolderStore::Make(spec_.root));
    lake_ = MakeLake();
    ASSERT_TRUE(lake_->Prepare(catalog_).has_value());
  }
  void TearDown() override {
    lake_.reset();
    std::filesystem::remove_all(folder_);
  }

  LakeTable Table(const TableName& name, std::vector<PartitionField> by) const {
    return {.name = name,
            .location = spec_.root + "/" + name.ns + "/" + name.name,
            .columns = SilverSchema({{"who", {.kind = TypeKind::kString}}}).fields,
            .partition_by = std::move(by)};
  }
  std::unique_ptr<LakeSink> MakeLake() {
    return *MakeIcebergLake(spec_, Table(kBronze, {}), {Table(kSilver, {{"identity", "who"}})},
                            *store_, folder_ + "/spool");
  }

  // Two rows for each table, in two partitions of the silver one.
  Status Append() {
    auto batch = std::make_shared<RowBatch>();
    batch->log = LogId{1};
    batch->ranges.push_back({{PartitionId{0}, Offset{next_}, Offset{next_ + 2}}, 2, 2, 0, 0});
    batch->bronze.push_back(Rows());
    batch->silver.emplace_back();
    batch->silver[0].push_back(Rows());
    next_ += 2;
    return lake_->Append(std::move(batch));
  }
  Chunk Rows() const {
    Chunk chunk = Chunk::Make(SilverSchema({{"who", {.kind = TypeKind::kString}}}));
    for (int row = 0; row < 2; ++row) {
      duckdb_vector_assign_string_element(chunk.column(0), static_cast<idx_t>(row),
                                          row == 0 ? "left" : "right");
      static_cast<int64_t*>(duckdb_vector_get_data(chunk.column(1)))[row] = 0;
      static_cast<int32_t*>(duckdb_vector_get_data(chunk.column(2)))[row] = 1;
      static_cast<int32_t*>(duckdb_vector_get_data(chunk.column(3)))[row] = 0;
      static_cast<int64_t*>(duckdb_vector_get_data(chunk.column(4)))[row] = next_ + row;
    }
    chunk.SetRows(2);
    return chunk;
  }

  // One try of the committer: all or nothing.
  Status Apply(Participant& participant) {
    static_cast<void>(catalog_.Query("BEGIN"));
    const Status status = participant.Apply(catalog_, {"commit"});
    static_cast<void>(catalog_.Query(status ? "COMMIT" : "ROLLBACK"));
    return status;
  }

  int64_t Count(const TableName& name) {
    const auto table = LoadLakeTable(catalog_, "lake", name, *store_);
    EXPECT_TRUE(table.has_value());
    if (!table->current) return 0;
    const auto files = ListLiveFiles(*table->current, *table, *store_);
    EXPECT_TRUE(files.has_value());
    EXPECT_THAT(*CheckLiveFiles(*files, *store_), ::testing::IsEmpty());
    int64_t rows = 0;
    for (const LiveFile& file : *files) rows += file.record_count;
    EXPECT_EQ(table->current->summary.at("total-records"), std::to_string(rows));
    return rows;
  }
  void ExpectRows(int64_t rows) {
    EXPECT_EQ(Count(kBronze), rows);
    EXPECT_EQ(Count(kSilver), rows);
  }
  size_t SpooledFiles() const {
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/spool")) {
      files += entry.path().extension() == ".parquet";
    }
    return files;
  }

  const TableName kBronze{"raw", "b"};
  const TableName kSilver{"processed", "s"};
  std::string folder_;
  LakeSpec spec_;
  FakeCatalog catalog_;
  std::unique_ptr<FlakyStore> store_;
  std::unique_ptr<LakeSink> lake_;
  int64_t next_ = 0;
};

TEST_F(LakeTest, PrepareMayBeRepeated) {
  const auto before = catalog_.pointers;
  EXPECT_TRUE(lake_->Prepare(catalog_).has_value());
  EXPECT_TRUE(MakeLake()->Prepare(catalog_).has_value());
  EXPECT_EQ(catalog_.pointers, before);
  const auto changes = lake_->Plan(catalog_);
  for (const TableChange& change : *changes) EXPECT_EQ(change.action, "none");
}

// A start must not keep the commits of others waiting.
TEST_F(LakeTest, PrepareLocksNothingWhereTheTablesFit) {
  catalog_.locked.clear();
  EXPECT_TRUE(MakeLake()->Prepare(catalog_).has_value());
  EXPECT_THAT(catalog_.locked, ::testing::IsEmpty());
}

TEST_F(LakeTest, TheStoreHasOneDeadlineWhileThePointersAreLocked) {
  ASSERT_TRUE(Append().has_value());
  const auto commit = lake_->Seal({"c"});
  ASSERT_TRUE(commit.has_value());
  store_->deadlines.clear();
  catalog_.locked.clear();
  const SteadyTime start = Now();
  ASSERT_TRUE(Apply(**commit).has_value());
  EXPECT_THAT(catalog_.locked, ::testing::ElementsAre("s", "b")) << "in the order of full names";
  ASSERT_EQ(store_->deadlines.size(), 1U);
  EXPECT_LE(*store_->deadlines.begin() - start, std::chrono::seconds(6));
}

// Whatever the transaction waits for next, the others wait with it.
TEST_F(LakeTest, WhatTheStoreTookIsNotWaitedForALock) {
  ASSERT_TRUE(Append().has_value());
  const auto commit = lake_->Seal({"c"});
  ASSERT_TRUE(commit.has_value());
  store_->write_takes = std::chrono::milliseconds(300);
  ASSERT_TRUE(Apply(**commit).has_value());
  ASSERT_EQ(catalog_.lock_timeouts_ms.size(), 2U) << "before the second pointer, before the swaps";
  EXPECT_LE(catalog_.lock_timeouts_ms[0], 5'000);
  EXPECT_LE(catalog_.lock_timeouts_ms[1], 4'700);
}

TEST_F(LakeTest, APassedDeadlineLetsThePointersGo) {
  const Status status = BoundWaits(catalog_, Now());
  EXPECT_EQ(status.error().kind, ErrorKind::kRetryable);
  EXPECT_THAT(catalog_.lock_timeouts_ms, ::testing::IsEmpty());
}

TEST_F(LakeTest, AFailedPrepareLeavesNothing) {
  catalog_.pointers.clear();
  store_->writes_until_failure = 1;
  EXPECT_EQ(MakeLake()->Prepare(catalog_).error().kind, ErrorKind::kRetryable);
  EXPECT_TRUE(catalog_.pointers.empty());
}

TEST_F(LakeTest, RowsNeedAPreparedLake) {
  lake_ = MakeLake();
  EXPECT_EQ(Append().error().kind, ErrorKind::kInvariant);
}

TEST_F(LakeTest, NothingIsTouchedWithoutRows) {
  const auto before = catalog_.pointers;
  const auto commit = lake_->Seal({"c"});
  ASSERT_TRUE(commit.has_value());
  EXPECT_TRUE(Apply(**commit).has_value());
  EXPECT_TRUE((*commit)->Snapshots().empty());
  EXPECT_EQ(catalog_.pointers, before);
}

TEST_F(LakeTest, AFailureAtAnyWriteLosesAndDoublesNothing) {
  int64_t rows = 0;
  int failures = 0;
  for (const bool reply_lost : {false, true}) {
    for (int fail_at = 0; fail_at < 12; ++fail_at) {
      ASSERT_TRUE(Append().has_value());
      store_->writes_until_failure = fail_at;
      store_->reply_lost = reply_lost;
      auto commit = lake_->Seal({"c"});
      if (!commit) {
        EXPECT_EQ(commit.error().kind, ErrorKind::kRetryable);
        ++failures;
        commit = lake_->Seal({"c"});
      }
      ASSERT_TRUE(commit.has_value()) << commit.error().message;
      Status status = Apply(**commit);
      if (!status) {
        ++failures;
        ExpectRows(rows);
        status = Apply(**commit);
      }
      ASSERT_TRUE(status.has_value()) << status.error().message;
      store_->writes_until_failure = -1;
      rows += 2;
      ExpectRows(rows);
      EXPECT_EQ(SpooledFiles(), 0U);
    }
  }
  EXPECT_EQ(failures, 18);  // 5 objects of S2 and 4 of S6, each twice
}

TEST_F(LakeTest, RowsMayFollowAFailedSeal) {
  for (int fail_at = 0; fail_at < 5; ++fail_at) {
    ASSERT_TRUE(Append().has_value());
    store_->writes_until_failure = fail_at;
    ASSERT_FALSE(lake_->Seal({"c"}).has_value());
    ASSERT_TRUE(Append().has_value());
    const auto commit = lake_->Seal({"c"});
    ASSERT_TRUE(commit.has_value());
    ASSERT_TRUE(Apply(**commit).has_value());
    ExpectRows(4 * (fail_at + 1));
  }
}

TEST_F(LakeTest, DiscardForgetsAtAnyPoint) {
  for (int fail_at = 0; fail_at < 5; ++fail_at) {
    ASSERT_TRUE(Append().has_value());
    store_->writes_until_failure = fail_at;
    ASSERT_FALSE(lake_->Seal({"c"}).has_value());
    lake_->Discard();
    EXPECT_EQ(SpooledFiles(), 0U);
  }
  ASSERT_TRUE(Append().has_value());
  const auto commit = lake_->Seal({"c"});
  ASSERT_TRUE(Apply(**commit).has_value());
  ExpectRows(2);
}

TEST_F(LakeTest, ALostRaceIsTriedAgain) {
  ASSERT_TRUE(Append().has_value());
  const auto commit = lake_->Seal({"c"});
  catalog_.lost_races = 1;
  EXPECT_EQ(Apply(**commit).error().kind, ErrorKind::kRetryable);
  ASSERT_TRUE(Apply(**commit).has_value());
  ExpectRows(2);
  EXPECT_EQ((*commit)->Snapshots().size(), 2U);
}

TEST_F(LakeTest, AMissingMetadataFileIsWaitedFor) {
  ASSERT_TRUE(Append().has_value());
  const auto commit = lake_->Seal({"c"});
  const auto whole = catalog_.pointers;
  for (auto& [name, pointer] : catalog_.pointers) pointer += "x";
  EXPECT_EQ(Apply(**commit).error().kind, ErrorKind::kRetryable);
  EXPECT_EQ(MakeLake()->Prepare(catalog_).error().kind, ErrorKind::kRetryable) << "a start, too";
  catalog_.pointers = whole;
  EXPECT_TRUE(Apply(**commit).has_value());
  catalog_.pointers.clear();
  EXPECT_EQ(Apply(**commit).error().kind, ErrorKind::kFatal) << "a dropped table";
}

TEST_F(LakeTest, ALakeThatMovedToAnotherStoreIsRefused) {
  catalog_.pointers["raw.b"] = "s3://raw/b/metadata/00001-x.metadata.json";
  const Status status = MakeLake()->Prepare(catalog_);
  EXPECT_EQ(status.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_EQ(status.error().code, "E0401");
  EXPECT_THAT(status.error().message, ::testing::HasSubstr("s3://raw/b/"));
}

TEST_F(LakeTest, TwoTablesOfOneNameAreRefused) {
  const auto lake =
      MakeIcebergLake(spec_, Table(kBronze, {}), {Table(kBronze, {})}, *store_, folder_ + "/spool");
  ASSERT_FALSE(lake.has_value());
  EXPECT_EQ(lake.error().kind, ErrorKind::kInvalidConfig);
}

}  // namespace
}  // namespace sluice
