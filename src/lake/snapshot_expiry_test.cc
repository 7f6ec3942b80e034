#include "lake/snapshot_expiry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/table_fixture.h"
#include "lake/table_rewrite.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Five snapshots, the nth at n seconds; 2 has a tag.
TableMetadata FiveSnapshots() {
  TableMetadata metadata;
  metadata.tree = Json::parse(R"({"refs":{"main":{"snapshot-id":15},"audit":{"snapshot-id":12}},
      "statistics":[{"snapshot-id":11,"statistics-path":"a"},{"snapshot-id":15}],
      "snapshots":[],"snapshot-log":[],"metadata-log":[],"x-other":7})");
  for (int64_t i = 1; i <= 5; ++i) {
    metadata.tree["snapshots"].push_back(
        {{"snapshot-id", 10 + i}, {"sequence-number", i}, {"timestamp-ms", i * 1000}});
    metadata.tree["snapshot-log"].push_back({{"snapshot-id", 10 + i}, {"timestamp-ms", i * 1000}});
  }
  metadata.current_snapshot_id = 15;
  metadata.last_updated_ms = 5000;
  return metadata;
}

TEST(SnapshotExpiryTest, WhatIsNewYoungOrNamedStays) {
  const TableMetadata metadata = FiveSnapshots();
  EXPECT_THAT(ChooseExpired(metadata, {.keep = 1, .age_ms = 0}), ElementsAre(11, 13, 14));
  EXPECT_THAT(ChooseExpired(metadata, {.keep = 3, .age_ms = 0}), ElementsAre(11));
  EXPECT_THAT(ChooseExpired(metadata, {.keep = 1, .age_ms = 2000}), ElementsAre(11));
  EXPECT_THAT(ChooseExpired(metadata, {.keep = 5, .age_ms = 0}), IsEmpty());
  EXPECT_THAT(ChooseExpired(metadata, {.keep = 9, .age_ms = 0}), IsEmpty());
}

TEST(SnapshotExpiryTest, TheRestOfTheMetadataStays) {
  const TableMetadata metadata = FiveSnapshots();
  const Json tree = WithoutSnapshots(metadata, "old.json", {11, 13}, 9000);
  EXPECT_THAT(tree["snapshots"], SizeIs(3));
  EXPECT_THAT(tree["statistics"], SizeIs(1));
  ASSERT_THAT(tree["snapshot-log"], SizeIs(2)) << "history is whole or ends";
  EXPECT_EQ(tree["snapshot-log"][0]["snapshot-id"], 14);
  EXPECT_EQ(tree["refs"], metadata.tree["refs"]);
  EXPECT_EQ(tree["x-other"], 7);
  EXPECT_EQ(tree["last-updated-ms"], 9000);
  EXPECT_EQ(tree["metadata-log"][0]["metadata-file"], "old.json");
  EXPECT_FALSE(tree.contains("partition-statistics"));
}

class ExpiryCommitTest : public TableFixture {};

TEST_F(ExpiryCommitTest, OnlyWhatNobodyShowsIsUnreferenced) {
  for (const char* name : {"a", "b", "c"}) Append({File(name, 1, 1)});
  TableRewrite rewrite{.table = table_.name,
                       .table_uuid = prepared_->table_uuid,
                       .context = prepared_->context,
                       .added = {File("ab", 1, 2)},
                       .removed = {table_.location + "/data/a", table_.location + "/data/b"}};
  RewriteCommit compaction(*store_, "lake", rewrite);
  ASSERT_TRUE(compaction.Prepare(catalog_));
  ASSERT_TRUE(compaction.Apply(catalog_, {"c"}));
  ExpiryCommit expiry(*store_, "lake", table_.name, {.keep = 1, .age_ms = -1000});
  ASSERT_TRUE(expiry.Apply(catalog_, {"e"}));
  EXPECT_THAT(expiry.dropped(), SizeIs(3));
  const auto paths = expiry.Unreferenced();
  ASSERT_TRUE(paths.has_value());
  // Two data files, the manifests of their appends, three lists; the manifest of c lives on.
  EXPECT_THAT(*paths, SizeIs(7));
  EXPECT_EQ((*paths)[0], table_.location + "/data/a");
  EXPECT_EQ((*paths)[1], table_.location + "/data/b");
  EXPECT_EQ(Live().size(), 2U);
  ASSERT_TRUE(expiry.Apply(catalog_, {"again"}));
  EXPECT_THAT(expiry.dropped(), IsEmpty());
}

}  // namespace
}  // namespace sluice
