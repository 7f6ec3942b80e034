#include "lake/table_rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/table_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class TableRewriteTest : public TableFixture {
 protected:
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
