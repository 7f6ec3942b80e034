#include "transform/row_catcher.h"

#include <gtest/gtest.h>

#include "transform/duck_transform.h"
#include "transform/test_bronze.h"

namespace sluice {
namespace {

const duckdb_string_t* TextsOf(const Chunk& chunk, size_t column) {
  return static_cast<const duckdb_string_t*>(duckdb_vector_get_data(chunk.column(column)));
}

class RowCatcherTest : public testing::Test {
 protected:
  void Run(const std::string& sql) {
    auto result = DuckQuery(connection_.get(), CatchSql("rows", sql, layout_.fields.size()));
    ASSERT_TRUE(result.has_value()) << result.error().message;
  }

  const Schema layout_{{{"n", *ParseType("long")},
                        {"s", *ParseType("string")},
                        {"d", *ParseType("decimal(4,2)")},
                        {"l", *ParseType("list<string>")}}};
  std::unique_ptr<DuckEngine> engine_ = *DuckEngine::Make();
  DuckConnectionHandle connection_ = *engine_->Connect();
  std::unique_ptr<RowCatcher> catcher_ = *RowCatcher::Make(connection_.get(), "rows", layout_);
  Arena arena_;
};

TEST_F(RowCatcherTest, CatchesEveryRowInItsOrder) {
  catcher_->Begin(arena_);
  Run("SELECT i, CASE WHEN i % 3 <> 0 THEN 'a text of the row ' || i END, (i % 90)::DECIMAL(4,2),"
      " ['e' || i, NULL] FROM range(10000) r(i) WHERE i % 2 = 0");
  const Chunks rows = catcher_->Take();
  EXPECT_EQ(RowCount(rows), 5'000U);
  int64_t number = 0;
  for (const Chunk& chunk : rows) {
    for (size_t row = 0; row < chunk.rows(); ++row, number += 2) {
      ASSERT_EQ(static_cast<const int64_t*>(duckdb_vector_get_data(chunk.column(0)))[row], number);
      const bool valid = IsValid(duckdb_vector_get_validity(chunk.column(1)), row);
      ASSERT_EQ(valid, number % 3 != 0);
      const std::string_view text = ViewOf(TextsOf(chunk, 1)[row]);
      if (valid) {
        ASSERT_EQ(text, fmt::format("a text of the row {}", number));
        ASSERT_TRUE(arena_.Owns(text));
      }
      ASSERT_EQ(static_cast<const int16_t*>(duckdb_vector_get_data(chunk.column(2)))[row],
                number % 90 * 100);
      const auto list =
          static_cast<const duckdb_list_entry*>(duckdb_vector_get_data(chunk.column(3)))[row];
      const duckdb_vector items = duckdb_list_vector_get_child(chunk.column(3));
      ASSERT_EQ(list.length, 2U);
      ASSERT_EQ(
          ViewOf(static_cast<const duckdb_string_t*>(duckdb_vector_get_data(items))[list.offset]),
          fmt::format("e{}", number));
    }
  }
}

TEST_F(RowCatcherTest, BeginForgetsWhatAFailedQueryGave) {
  catcher_->Begin(arena_);
  EXPECT_FALSE(DuckQuery(connection_.get(),
                         CatchSql("rows",
                                  "SELECT i, (CASE WHEN i = 9000 THEN 'x' ELSE '1' END)::INT"
                                  "::VARCHAR, NULL, NULL FROM range(10000) r(i)",
                                  4))
                   .has_value());
  catcher_->Begin(arena_);
  Run("SELECT 1, 's', 0, []");
  EXPECT_EQ(RowCount(catcher_->Take()), 1U);
  EXPECT_TRUE(catcher_->Take().empty());
}

// Most of silver's strings are a record's own bytes, and need not be copied.
TEST_F(RowCatcherTest, SilverSharesTheStringsOfTheArena) {
  BronzeSpec bronze;
  bronze.table = {"raw", "books"};
  bronze.columns = {{"text", *ParseType("string")}};
  SilverSpec silver;
  silver.table = {"processed", "books"};
  silver.from = bronze.table;
  silver.sql =
      "SELECT text, trim(text) AS t, upper(text) AS u, text || '!' AS x FROM raw.books "
      "WHERE text <> ''";
  const auto transform = *MakeDuckTransform(*engine_, bronze, {silver});
  TestBronze source(*engine_);
  Chunks rows = source.Make(bronze.columns, "SELECT 'r' || i AS c0, i FROM range(2000) r(i)");
  const std::string_view own = arena_.Copy("  more than twelve bytes ");
  ReferTo(rows[0], 0, 1, own);
  const auto made = transform->Run(rows, arena_);
  ASSERT_TRUE(made.has_value());
  rows.clear();
  const auto text = [&](size_t column) { return ViewOf(TextsOf(made->silver[0][0], column)[1]); };
  EXPECT_EQ(text(0).data(), own.data());
  EXPECT_EQ(text(1).data(), own.data() + 2);
  EXPECT_EQ(text(1), "more than twelve bytes");
  EXPECT_EQ(text(2), "  MORE THAN TWELVE BYTES ");
  EXPECT_TRUE(arena_.Owns(text(2)));
  EXPECT_EQ(text(3), "  more than twelve bytes !");
}

}  // namespace
}  // namespace sluice
