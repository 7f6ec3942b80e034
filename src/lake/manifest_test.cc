#include "lake/manifest.h"

#include <gtest/gtest.h>

#include "lake/avro_reader.h"
#include "lake/parquet_bounds.h"
#include "lake/partition.h"

namespace sluice {
namespace {

ManifestContext Context() {
  return {.schema = {{"type", "struct"}, {"schema-id", 3}, {"fields", Json::array()}},
          .spec = {.spec_id = 2,
                   .fields = {{"at_day", "day", 5, 1000},
                              {"Author(s)", "identity", 6, 1001},
                              {"price", "identity", 7, 1002}}},
          .partition_types = {{.kind = TypeKind::kDate},
                              {.kind = TypeKind::kString},
                              {.kind = TypeKind::kDecimal, .precision = 10, .scale = 2}}};
}

std::vector<std::optional<Type>> Types(const ManifestContext& context) {
  return {context.partition_types.begin(), context.partition_types.end()};
}

DataFile File(const std::string& name, int64_t rows, int day, std::optional<std::string> author,
              Int128 price) {
  return {
      .path = {"file:///lake/" + name},
      .partition = {{IntegerBytes(TypeKind::kDate, day), "a day"},
                    {std::move(author), "an author"},
                    {IntegerBytes(TypeKind::kDecimal, price), "a price"}},
      .record_count = rows,
      .size_bytes = 1000 + rows,
      .columns =
          {{.field_id = 1,
            .size_bytes = 10,
            .value_count = rows,
            .null_count = 0,
            .lower = "a",
            .upper = "z"},
           {.field_id = 2, .size_bytes = 20, .value_count = rows, .null_count = 1, .nan_count = 4}},
      .split_offsets = {4, 900}};
}

TEST(ManifestTest, EntriesComeBackWithWhatTheyInherit) {
  const ManifestContext context = Context();
  std::vector<ManifestEntry> entries{AddedEntry(File("a", 10, -1, "x/y", -12345), 77),
                                     AddedEntry(File("b", 5, 20'000, std::nullopt, 99), 77)};
  const auto written = WriteManifest(context, 77, entries);
  ASSERT_TRUE(written.has_value()) << written.error().message;
  ManifestFile file = written->file;
  EXPECT_EQ(file.files, (std::array<int64_t, 3>{0, 2, 0}));
  EXPECT_EQ(file.rows, (std::array<int64_t, 3>{0, 15, 0}));
  EXPECT_EQ(file.length, static_cast<int64_t>(written->bytes.size()));
  EXPECT_EQ(file.spec_id, 2);
  file.path = "file:///lake/m.avro";
  file.sequence_number = 9;
  const auto read = ReadManifest(written->bytes, file, context.spec, Types(context));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  for (ManifestEntry& entry : entries) entry.sequence_number = entry.file_sequence_number = 9;
  EXPECT_EQ(*read, entries);
}

TEST(ManifestTest, PartitionRangesAreFullValues) {
  const std::string lengthy(500, 'q');
  const auto written = WriteManifest(Context(), 1,
                                     std::vector{AddedEntry(File("a", 1, -1, lengthy, -12345), 1),
                                                 AddedEntry(File("b", 1, 3, std::nullopt, 700), 1),
                                                 AddedEntry(File("c", 1, 2, "b", 0), 1)});
  ASSERT_TRUE(written.has_value());
  const std::vector<PartitionSummary>& ranges = *written->file.partitions;
  ASSERT_EQ(ranges.size(), 3U);
  EXPECT_EQ(*ranges[0].lower, IntegerBytes(TypeKind::kDate, -1));
  EXPECT_EQ(*ranges[0].upper, IntegerBytes(TypeKind::kDate, 3));
  EXPECT_FALSE(ranges[0].contains_null);
  EXPECT_TRUE(ranges[1].contains_null);
  EXPECT_EQ(*ranges[1].lower, "b");
  EXPECT_EQ(*ranges[1].upper, lengthy);
  EXPECT_EQ(*ranges[2].lower, IntegerBytes(TypeKind::kDecimal, -12345));
  EXPECT_EQ(*ranges[2].upper, IntegerBytes(TypeKind::kDecimal, 700));
}

TEST(ManifestTest, HeaderHasAllSixKeys) {
  const auto written = WriteManifest(Context(), 1, {});
  ASSERT_TRUE(written.has_value());
  const auto file = ReadAvroFile(written->bytes, "manifest");
  ASSERT_TRUE(file.has_value());
  for (const char* key : {"schema", "schema-id", "partition-spec", "partition-spec-id",
                          "format-version", "content", "avro.codec"}) {
    EXPECT_TRUE(file->metadata.contains(key)) << key;
  }
  EXPECT_EQ(file->metadata.at("schema-id"), "3");
  EXPECT_TRUE(Json::parse(file->metadata.at("partition-spec")).is_array());
}

TEST(ManifestTest, OldEntriesNeedTheirNumbers) {
  const ManifestContext context = Context();
  ManifestEntry entry = AddedEntry(File("a", 10, 0, "x", 1), 77);
  entry.status = EntryStatus::kExisting;
  const auto written = WriteManifest(context, 78, std::vector{entry});
  ASSERT_TRUE(written.has_value());
  ManifestFile file = written->file;
  file.sequence_number = 5;
  EXPECT_FALSE(ReadManifest(written->bytes, file, context.spec, Types(context)).has_value());
  file.sequence_number = 0;  // of format version 1: everything has number 0
  const auto read = ReadManifest(written->bytes, file, context.spec, Types(context));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->at(0).sequence_number, 0);
  EXPECT_EQ(read->at(0).snapshot_id, 77);
}

TEST(ManifestTest, AListThatCountsOtherwiseIsRefused) {
  const ManifestContext context = Context();
  const auto written =
      WriteManifest(context, 1, std::vector{AddedEntry(File("a", 10, 0, "x", 1), 1)});
  ASSERT_TRUE(written.has_value());
  ManifestFile file = written->file;
  file.files[1] = 0;
  EXPECT_FALSE(ReadManifest(written->bytes, file, context.spec, Types(context)).has_value());
}

TEST(ManifestTest, ValuesThatDoNotFitTheSpecAreRefused) {
  ManifestEntry entry = AddedEntry(File("a", 10, 0, "x", 1), 1);
  entry.partition[0] = "five!";
  EXPECT_FALSE(WriteManifest(Context(), 1, std::vector{entry}).has_value());
  entry.partition.pop_back();
  EXPECT_FALSE(WriteManifest(Context(), 1, std::vector{entry}).has_value());
}

TEST(ManifestTest, ListsComeBackWhole) {
  const ManifestFile first{
      .path = "file:///lake/m1.avro",
      .length = 123,
      .spec_id = 2,
      .content = 0,
      .sequence_number = 7,
      .min_sequence_number = 3,
      .added_snapshot_id = 55,
      .files = {1, 2, 3},
      .rows = {10, 20, 30},
      .partitions =
          std::vector<PartitionSummary>{
              {.contains_null = true, .contains_nan = false, .lower = "a", .upper = "b"}, {}},
      .key_metadata = "key"};
  const ManifestFile second{.path = "s3://b/m2.avro", .content = 1};
  const std::string bytes = WriteManifestList(std::vector{first, second}, 99, 55, 8);
  const auto read = ReadManifestList(bytes, "list");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, (std::vector{first, second}));
  const auto file = ReadAvroFile(bytes, "list");
  EXPECT_EQ(file->metadata.at("parent-snapshot-id"), "55");
  EXPECT_EQ(ReadAvroFile(WriteManifestList({}, 1, std::nullopt, 1), "l")
                ->metadata.at("parent-snapshot-id"),
            "null");
}

TEST(ManifestTest, BrokenFilesAreRefusedNotBelieved) {
  EXPECT_EQ(ReadManifestList("", "list").error().code, kBrokenMetadata);
  EXPECT_EQ(ReadManifestList("Obj\1 rubbish", "list").error().code, kBrokenMetadata);
  // A manifest is no list: required fields are missing.
  const auto written =
      WriteManifest(Context(), 1, std::vector{AddedEntry(File("a", 10, 0, "x", 1), 1)});
  EXPECT_FALSE(ReadManifestList(written->bytes, "list").has_value());
}

}  // namespace
}  // namespace sluice
