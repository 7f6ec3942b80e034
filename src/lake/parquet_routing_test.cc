#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "lake/parquet_bounds.h"
#include "lake/parquet_fixture.h"
#include "lake/parquet_writer.h"

namespace sluice {
namespace {

const PartitionSpec kByGroup{0, {{"g", "identity", 2, 1000}}};

IcebergSchema Grouped() {
  return SchemaOf({{"i", "long"}, {"g", "string"}, {"ls", "list<int>"}});
}

// Rows whose group comes from an expression over i.
std::string GroupedSql(int64_t rows, const std::string& group) {
  return fmt::format(
      "SELECT i, {} AS g, CASE WHEN i % 3 = 0 THEN NULL ELSE [i::INT, NULL] END AS ls"
      " FROM range({}) t(i)",
      group, rows);
}

struct Written {
  std::vector<FinishedFile> files;
  std::set<std::string> groups;
};

// Writes batches, and checks that each file's rows are of its partition and none is missing.
Written WriteGrouped(const std::string& sql, int batches, ParquetOptions options) {
  Duck duck;
  const TempFolder folder;
  auto writer = ParquetTableWriter::Make(Grouped(), kByGroup, folder.path(), options);
  for (int i = 0; i < batches; ++i) {
    const auto batch = duck.Batch(sql);
    const Status appended = (*writer)->Append(*batch);
    EXPECT_TRUE(appended.has_value()) << appended.error().message;
  }
  auto closed = (*writer)->Close();
  EXPECT_TRUE(closed.has_value()) << closed.error().message;
  Written written{*std::move(closed), {}};
  EXPECT_EQ(folder.Files(), written.files.size());
  for (const auto& [local, file] : written.files) {
    const PartitionValue& group = file.partition.at(0);
    written.groups.insert(group.text);
    const std::string from = " FROM '" + local.value + "'";
    EXPECT_EQ(duck.Value("SELECT DISTINCT coalesce(g, 'null')" + from), group.text);
    EXPECT_EQ(duck.Value("SELECT count(*)" + from), fmt::format("{}", file.record_count));
    EXPECT_EQ(file.columns.at(1).lower, group.bytes);
    EXPECT_EQ(file.columns.at(1).upper, group.bytes);
  }
  const std::string all = "FROM '" + folder.path() + "/*.parquet'";
  const std::string given = fmt::format("({}) CROSS JOIN range({}) r(k)", sql, batches);
  EXPECT_EQ(
      duck.Value("SELECT count(*) FROM ((SELECT i, g, ls, count(*) FROM " + given +
                 " GROUP BY ALL) EXCEPT (SELECT i, g, ls, count(*) " + all + " GROUP BY ALL))"),
      "0");
  EXPECT_EQ(duck.Value("SELECT count(*) " + all), duck.Value("SELECT count(*) FROM " + given));
  return written;
}

TEST(ParquetRoutingTest, EachRowGoesToItsPartition) {
  const Written written =
      WriteGrouped(GroupedSql(10'000, "CASE i % 5 WHEN 4 THEN NULL ELSE 'g' || i % 5 END"), 3, {});
  EXPECT_EQ(written.files.size(), 5u);
  EXPECT_EQ(written.groups, (std::set<std::string>{"g0", "g1", "g2", "g3", "null"}));
  for (const auto& file : written.files) EXPECT_EQ(file.file.record_count, 6'000);
}

TEST(ParquetRoutingTest, WholeChunksAndScatteredRowsOfOnePartitionMeet) {
  // The first 2,048 rows are of one partition, the others are mixed, in every batch.
  const Written written =
      WriteGrouped(GroupedSql(6'000, "CASE WHEN i < 2048 THEN 'a' ELSE 'ab'[1 + i % 2] END"), 4,
                   {.row_group_rows = 2'048});
  EXPECT_EQ(written.files.size(), 2u);
}

TEST(ParquetRoutingTest, RowGroupsAreBoundedByTheirBytes) {
  const std::string sql = GroupedSql(6'000, "'one'");
  const Written many = WriteGrouped(sql, 2, {.row_group_bytes = 24 << 10});
  ASSERT_EQ(many.files.size(), 1U);
  EXPECT_GT(many.files[0].file.split_offsets.size(), 3U);
  const Written one = WriteGrouped(sql, 2, {});
  ASSERT_EQ(one.files.size(), 1U);
  EXPECT_EQ(one.files[0].file.split_offsets.size(), 1U);
}

TEST(ParquetRoutingTest, OpenFilesAreBoundedByClosingTheLargest) {
  const Written written = WriteGrouped(GroupedSql(60'000, "'g' || i % 8"), 2,
                                       {.row_group_rows = 2'048, .max_open_files = 3});
  EXPECT_EQ(written.groups.size(), 8u);
  EXPECT_GT(written.files.size(), 8u);
  EXPECT_LT(written.files.size(), 70u);
}

TEST(ParquetRoutingTest, GatheringPartitionsAreBounded) {
  const Written written =
      WriteGrouped(GroupedSql(500, "'g' || i % 30"), 2, {.max_open_files = 4, .max_gathering = 20});
  EXPECT_EQ(written.groups.size(), 30u);
  EXPECT_GT(written.files.size(), 30u);
}

// Files of the folder that this process has open.
size_t OpenFilesIn(const std::string& folder) {
  size_t open = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the iterator's own
    open += std::filesystem::read_symlink(entry.path(), gone).string().starts_with(folder) ? 1 : 0;
  }
  return open;
}

// Row 38: however many days a batch spans, few are being written at once.
TEST(ParquetRoutingTest, ManyDaysOpenFewFiles) {
  Duck duck;
  const TempFolder folder;
  const PartitionSpec spec{0, {{"t_day", "day", 1, 1000}}};
  const ParquetOptions options{.max_open_files = 4, .max_gathering = 50};
  auto writer =
      ParquetTableWriter::Make(SchemaOf({{"t", "timestamptz"}}), spec, folder.path(), options);
  const auto batch = duck.Batch(
      "SELECT TIMESTAMPTZ '1970-01-01 00:00:00+00' + INTERVAL (i % 400) DAY FROM range(8000) t(i)");
  size_t most = 0;
  for (const Chunk& chunk : *batch) {
    ASSERT_TRUE((*writer)->Append(std::span(&chunk, 1)).has_value());
    most = std::max(most, OpenFilesIn(folder.path()));
  }
  const auto files = (*writer)->Close();
  ASSERT_TRUE(files.has_value()) << files.error().message;
  std::set<std::string> days;
  int64_t rows = 0;
  for (const auto& [local, file] : *files) {
    days.insert(file.partition.at(0).text);
    rows += file.record_count;
  }
  EXPECT_EQ(days.size(), 400u);
  EXPECT_EQ(rows, 8'000);
  EXPECT_LE(most, 4u);
}

TEST(ParquetRoutingTest, ManySmallPartitionsMakeOneFileEach) {
  const Written written = WriteGrouped(GroupedSql(1'000, "'g' || i % 40"), 3, {});
  EXPECT_EQ(written.files.size(), 40u);
}

TEST(ParquetRoutingTest, BufferedRowsAreBoundedByClosingTheLargest) {
  const Written written =
      WriteGrouped(GroupedSql(20'000, "'g' || i % 2"), 4, {.max_buffered_bytes = 1'000'000});
  EXPECT_EQ(written.groups.size(), 2u);
  EXPECT_GT(written.files.size(), 2u);
}

TEST(ParquetRoutingTest, SeveralFieldsMakeOnePartitionForEachCombination) {
  Duck duck;
  const TempFolder folder;
  const IcebergSchema schema = SchemaOf({{"t", "timestamptz"}, {"ok", "bool"}});
  const PartitionSpec spec{0, {{"t_day", "day", 1, 1000}, {"ok", "identity", 2, 1001}}};
  auto writer = ParquetTableWriter::Make(schema, spec, folder.path(), {});
  const auto batch = duck.Batch(
      "SELECT TIMESTAMPTZ '1969-12-31 12:00:00+00' + INTERVAL (i) HOUR, i % 2 = 0"
      " FROM range(24) t(i)");
  ASSERT_TRUE((*writer)->Append(*batch).has_value());
  const auto files = (*writer)->Close();
  ASSERT_TRUE(files.has_value());
  std::set<std::string> texts;
  for (const auto& [local, file] : *files) {
    EXPECT_EQ(file.record_count, 6);
    texts.insert(file.partition.at(0).text + "/" + file.partition.at(1).text);
  }
  EXPECT_EQ(texts, (std::set<std::string>{"1969-12-31/false", "1969-12-31/true", "1970-01-01/false",
                                          "1970-01-01/true"}));
}

}  // namespace
}  // namespace sluice
