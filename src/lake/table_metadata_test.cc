#include "lake/table_metadata.h"

#include <gtest/gtest.h>

#include "lake/snapshot.h"

namespace sluice {
namespace {

const LakeTable kTable{
    .name = {"raw", "t"},
    .location = "file:///lake/raw/t",
    .columns = {{"id", {.kind = TypeKind::kLong}, true}, {"who", {.kind = TypeKind::kString}}},
    .partition_by = {{"identity", "who"}}};
const std::string kPointer = "file:///lake/raw/t/metadata/00000-a.metadata.json";

Json NewTree(int64_t now_ms = 1000) {
  return NewTableMetadata(kTable.location, *NewLayout(kTable), now_ms);
}

TableMetadata Parsed(const Json& tree) {
  auto table = ParseMetadata(WriteJson(tree), kPointer);
  EXPECT_TRUE(table.has_value()) << table.error().message;
  return *std::move(table);
}

TableAppend Append(const TableMetadata& base, int64_t snapshot_id, int64_t rows) {
  TableAppend append{.prepared = std::make_shared<PreparedTable>(*PrepareTable(kTable, base)),
                     .snapshot_id = snapshot_id,
                     .manifest = {.path = "m" + std::to_string(snapshot_id)},
                     .files = 1,
                     .records = rows,
                     .bytes = 100,
                     .partitions = 1,
                     .merge = {}};
  append.manifest.files = {0, 1, 0};
  append.manifest.rows = {0, rows, 0};
  append.manifest.added_snapshot_id = snapshot_id;
  return append;
}

TEST(TableMetadataTest, ANewTableHasAllThatReadersNeed) {
  const TableMetadata table = Parsed(NewTree());
  EXPECT_EQ(table.last_column_id, 2);
  EXPECT_EQ(table.last_partition_id, 1000);
  EXPECT_EQ(table.default_spec_id, 0);
  EXPECT_EQ(table.current_snapshot_id, std::nullopt);
  EXPECT_FALSE(table.tree.contains("current-snapshot-id"));
  EXPECT_EQ(table.uuid.size(), 36U);
  EXPECT_EQ(table.tree["sort-orders"], Json::parse(R"([{"order-id":0,"fields":[]}])"));
}

TEST(TableMetadataTest, SnapshotsFollowEachOther) {
  const LoadedTable first{Parsed(NewTree()), {}};
  const auto second = BuildSnapshot(first, kPointer, Append(first.metadata, 11, 5), {}, 2000);
  ASSERT_TRUE(second.has_value()) << second.error().message;
  const auto third =
      BuildSnapshot(*second->table, second->metadata_path.value,
                    Append(second->table->metadata, 12, 7), {{"sluice.commit-id", "c"}}, 3000);
  ASSERT_TRUE(third.has_value());
  const TableMetadata& table = third->table->metadata;
  EXPECT_EQ(table.last_sequence_number, 2);
  EXPECT_EQ(table.current_snapshot_id, 12);
  EXPECT_EQ(table.tree["refs"]["main"], Json::parse(R"({"type":"branch","snapshot-id":12})"));
  const Json& snapshot = *table.CurrentSnapshot();
  EXPECT_EQ(snapshot["parent-snapshot-id"], 11);
  EXPECT_EQ(snapshot["sequence-number"], 2);
  EXPECT_EQ(snapshot["summary"]["total-records"], "12");
  EXPECT_EQ(snapshot["summary"]["total-files-size"], "200");
  EXPECT_EQ(snapshot["summary"]["sluice.commit-id"], "c");
  EXPECT_FALSE((*table.FindSnapshot(11)).contains("parent-snapshot-id"));
  EXPECT_EQ(table.tree["snapshot-log"].size(), 2U);
  EXPECT_EQ(table.tree["metadata-log"][1]["metadata-file"], second->metadata_path.value);
  ASSERT_EQ(third->table->manifests.size(), 2U);
  EXPECT_EQ(third->table->manifests[0].path, "m12");
  EXPECT_EQ(third->table->manifests[0].sequence_number, 2);
  EXPECT_EQ(third->table->manifests[1].sequence_number, 1);
}

TEST(TableMetadataTest, TimeNeverGoesBack) {
  Json tree = NewTree(5'000'000);
  tree["snapshot-log"].push_back({{"timestamp-ms", 6'000'000}, {"snapshot-id", 1}});
  const LoadedTable base{Parsed(tree), {}};
  const auto next = BuildSnapshot(base, kPointer, Append(base.metadata, 11, 5), {}, 1000);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->table->metadata.last_updated_ms, 6'000'000);
  EXPECT_EQ((*next->table->metadata.CurrentSnapshot())["timestamp-ms"], 6'000'000);
}

TEST(TableMetadataTest, UnknownKeysAreKept) {
  Json tree = NewTree();
  tree["statistics"] = Json::parse(R"([{"snapshot-id":1,"x":[1,2]}])");
  tree["their key"] = {{"deep", {1, 2.5, nullptr}}};
  tree["properties"]["my.prop"] = "kept";
  tree["refs"] = Json::parse(R"({"tag":{"type":"tag","snapshot-id":5},
                                 "main":{"type":"branch","snapshot-id":5,"max-ref-age-ms":7}})");
  tree["snapshots"] = Json::parse(
      R"([{"snapshot-id":5,"sequence-number":1,"timestamp-ms":1,"manifest-list":"l","odd":true}])");
  tree["current-snapshot-id"] = 5;
  tree["last-sequence-number"] = 1;
  const LoadedTable base{Parsed(tree), {}};
  const auto next = BuildSnapshot(base, kPointer, Append(base.metadata, 11, 5), {}, 1000);
  ASSERT_TRUE(next.has_value());
  const Json& after = next->table->metadata.tree;
  EXPECT_EQ(after["statistics"], tree["statistics"]);
  EXPECT_EQ(after["their key"], tree["their key"]);
  EXPECT_EQ(after["properties"], tree["properties"]);
  EXPECT_EQ(after["refs"]["tag"]["snapshot-id"], 5);
  EXPECT_EQ(after["refs"]["main"]["max-ref-age-ms"], 7);
  EXPECT_EQ(after["snapshots"][0], tree["snapshots"][0]);
  // The parent told no size, so neither do we; counts come from the manifests.
  const Json& summary = (*next->table->metadata.CurrentSnapshot())["summary"];
  EXPECT_FALSE(summary.contains("total-files-size"));
  EXPECT_EQ(summary["total-records"], "5");
}

TEST(TableMetadataTest, ASnapshotThatIsThereIsNotAddedAgain) {
  const LoadedTable base{Parsed(NewTree()), {}};
  const TableAppend append = Append(base.metadata, 11, 5);
  const auto once = BuildSnapshot(base, kPointer, append, {}, 1000);
  const auto twice = BuildSnapshot(*once->table, once->metadata_path.value, append, {}, 1000);
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().kind, ErrorKind::kInvariant);
}

TEST(TableMetadataTest, DeleteFilesOfOthersAreCounted) {
  Json tree = NewTree();
  tree["snapshots"] = Json::parse(R"([{"snapshot-id":5,"sequence-number":1,"timestamp-ms":1,
      "manifest-list":"l","summary":{"operation":"delete","total-position-deletes":"4",
      "total-files-size":"nonsense"}}])");
  tree["current-snapshot-id"] = 5;
  tree["last-sequence-number"] = 1;
  ManifestFile deletes{.path = "d", .content = 1};
  deletes.files = {0, 2, 0};
  const LoadedTable base{Parsed(tree), {deletes}};
  const auto next = BuildSnapshot(base, kPointer, Append(base.metadata, 11, 5), {}, 1000);
  const Json& summary = (*next->table->metadata.CurrentSnapshot())["summary"];
  EXPECT_EQ(summary["total-delete-files"], "2");
  EXPECT_EQ(summary["total-position-deletes"], "4");
  EXPECT_FALSE(summary.contains("total-equality-deletes"));
  EXPECT_FALSE(summary.contains("total-files-size"));
  EXPECT_EQ(summary["total-data-files"], "1");
}

TEST(TableMetadataTest, AChangedLayoutKeepsOldSchemasAndSpecs) {
  const TableMetadata base = Parsed(NewTree());
  LakeTable wanted = kTable;
  wanted.columns.push_back({"extra", {.kind = TypeKind::kInt}});
  wanted.partition_by = {};
  const auto layout = NextLayout(wanted, base);
  ASSERT_TRUE(layout.has_value());
  const TableMetadata next = Parsed(WithLayout(base, kPointer, *layout, 2000));
  EXPECT_EQ(next.schemas().size(), 2U);
  EXPECT_EQ(next.CurrentSchema()["schema-id"], 1);
  EXPECT_EQ(next.last_column_id, 3);
  EXPECT_EQ(next.specs.size(), 2U);
  EXPECT_EQ(next.default_spec_id, 1);
  EXPECT_EQ(next.last_partition_id, 1000);
  EXPECT_EQ(next.tree["metadata-log"][0]["timestamp-ms"], 1000);
  // Files prepared for the first layout still fit: their columns and their spec are there.
  EXPECT_TRUE(CheckStillFits(*PrepareTable(kTable, base), next).has_value());
  // Not so when the table was dropped and made again.
  EXPECT_EQ(CheckStillFits(*PrepareTable(kTable, base), Parsed(NewTree())).error().code, "E0401");
}

TEST(TableMetadataTest, OtherFormatVersionsAreRefused) {
  for (const int version : {1, 3}) {
    Json tree = NewTree();
    tree["format-version"] = version;
    EXPECT_EQ(ParseMetadata(WriteJson(tree), "x").error().kind, ErrorKind::kInvalidConfig);
  }
}

}  // namespace
}  // namespace sluice
