#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stage/chunk.h"
#include "stage/duck.h"
#include "stage/row_batch.h"
#include "stage/schema.h"

namespace sluice {
namespace {

TEST(StageTest, TypesSpellAsTheyParse) {
  for (const char* text : {"bool", "decimal(12,2)", "list<string>", "timestamptz",
                           "struct<a: int, b c: list<struct<x: double>>>"}) {
    const auto type = ParseType(text);
    ASSERT_TRUE(type.has_value()) << text;
    EXPECT_EQ(Spell(*type), text);
  }
}

TEST(StageTest, RefusesTypesThatOtherEnginesStumbleOver) {
  for (const char* text : {"time", "uuid", "decimal(39,2)", "decimal(5,6)", "list<int", "int x", "",
                           "struct<>", "struct<a: int, a: int>"}) {
    EXPECT_FALSE(ParseType(text).has_value()) << text;
  }
}

Chunk OneColumnRows(int rows) {
  Chunk chunk = Chunk::Make(SilverSchema({{"name", {.kind = TypeKind::kString}}}));
  for (int row = 0; row < rows; ++row) {
    const auto at = static_cast<idx_t>(row);
    const std::string name = "a name longer than twelve bytes " + std::to_string(row);
    duckdb_vector_assign_string_element_len(chunk.column(0), at, name.data(), name.size());
    static_cast<int64_t*>(duckdb_vector_get_data(chunk.column(1)))[row] = row;
    static_cast<int32_t*>(duckdb_vector_get_data(chunk.column(2)))[row] = 1;
    static_cast<int32_t*>(duckdb_vector_get_data(chunk.column(3)))[row] = row % 2;
    static_cast<int64_t*>(duckdb_vector_get_data(chunk.column(4)))[row] = 100 + row;
  }
  chunk.SetRows(static_cast<size_t>(rows));
  return chunk;
}

TEST(StageTest, QuarantineTakesRowsOutOfEveryTable) {
  RowBatch batch;
  batch.bronze.push_back(OneColumnRows(10));
  batch.silver.emplace_back();
  batch.silver[0].push_back(OneColumnRows(10));
  batch.ranges = {{{PartitionId{0}, Offset{100}, Offset{110}}, 5, 5, 0, 0},
                  {{PartitionId{1}, Offset{100}, Offset{110}}, 5, 5, 0, 0}};
  QuarantineRow row;
  row.reject = {{PartitionId{1}, Offset{103}}, "sql_failed"};
  std::vector<QuarantineRow> rows;
  rows.push_back(std::move(row));
  MoveToQuarantine(batch, std::move(rows));
  EXPECT_EQ(RowCount(batch.bronze), 9U);
  EXPECT_EQ(RowCount(batch.silver[0]), 9U);
  EXPECT_EQ(batch.ranges[0].ok, 5);
  EXPECT_EQ(batch.ranges[1].ok, 4);
  EXPECT_EQ(batch.ranges[1].quarantined, 1);
  const auto* names =
      static_cast<duckdb_string_t*>(duckdb_vector_get_data(batch.bronze[0].column(0)));
  EXPECT_EQ(ViewOf(names[3]), "a name longer than twelve bytes 4");
}

TEST(StageTest, ColumnsSharesBuffers) {
  const Chunk chunk = OneColumnRows(3);
  const Chunk tail = chunk.Columns(1, kLineageColumns);
  EXPECT_EQ(tail.rows(), 3U);
  EXPECT_EQ(LineageOf(tail).offset[2], 102);
}

TEST(StageTest, ArenaKeepsBytesInPlaceWithPadding) {
  Arena arena;
  const std::string_view first = arena.Copy("first");
  const std::string_view big = arena.Copy(std::string(3 << 20, 'x'));
  for (int i = 0; i < 100'000; ++i) arena.Copy("filling the arena with more blocks");
  EXPECT_EQ(first, "first");
  EXPECT_EQ(big.size(), 3U << 20);
  EXPECT_EQ(big.data()[big.size() + Arena::kPadding - 1], '\0');
}

TEST(StageTest, ArenaKnowsItsOwnBytes) {
  Arena arena;
  std::vector<std::string_view> copies{arena.Copy("first")};
  const std::string other = "some bytes of another";
  EXPECT_FALSE(arena.Owns(other));
  copies.push_back(arena.Copy(std::string(3 << 20, 'x')));
  for (int i = 0; i < 100'000; ++i) copies.push_back(arena.Copy("filling the arena with blocks"));
  for (const std::string_view copy : copies) {
    EXPECT_TRUE(arena.Owns(copy));
    EXPECT_TRUE(arena.Owns(copy.substr(2, 3)));
  }
  EXPECT_FALSE(arena.Owns(other));
  EXPECT_FALSE(Arena{}.Owns(other));
}

TEST(StageTest, EngineKeepsNothingOfTheFilesItReads) {
  const auto engine = DuckEngine::Make();
  const auto connection = (*engine)->Connect();
  auto result =
      DuckQuery(connection->get(), "SELECT current_setting('enable_external_file_cache')");
  ASSERT_TRUE(result.has_value()) << result.error().message;
  const Chunk row(duckdb_fetch_chunk(result->get()));
  EXPECT_FALSE(static_cast<const bool*>(duckdb_vector_get_data(row.column(0)))[0]);
}

TEST(StageTest, EngineRunsInUtc) {
  auto engine = DuckEngine::Make();
  ASSERT_TRUE(engine.has_value());
  auto connection = (*engine)->Connect();
  ASSERT_TRUE(connection.has_value());
  EXPECT_TRUE(DuckQuery(connection->get(), "SELECT 1").has_value());
  EXPECT_FALSE(DuckQuery(connection->get(), "SELEC 1").has_value());
}

}  // namespace
}  // namespace sluice
