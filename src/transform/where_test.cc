#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transform/compile.h"
#include "transform/duck_transform.h"
#include "transform/test_bronze.h"

namespace sluice {
namespace {

using testing::IsEmpty;

class WhereTest : public testing::Test {
 protected:
  WhereTest() {
    bronze_.table = {"raw", "books"};
    bronze_.columns = {{"text", *ParseType("string")}, {"n", *ParseType("int")}};
    silver_.table = {"processed", "books"};
    silver_.from = bronze_.table;
  }

  void Make(const std::string& sql) {
    silver_.sql = sql;
    auto made = MakeDuckTransform(*engine_, bronze_, {silver_});
    ASSERT_TRUE(made.has_value()) << sql << ": " << made.error()[0].message;
    transform_ = *std::move(made);
  }

  bool HasWholeForm() {
    const auto compiled = CompileSilver(bronze_, {silver_});
    return compiled.has_value() && compiled->at(0).whole_sql.has_value();
  }

  Transformed Run(const Chunks& rows) {
    auto made = transform_->Run(rows, arena_);
    if (made) return *std::move(made);
    ADD_FAILURE() << made.error().message;
    return {};
  }

  Chunks Rows(const std::string& text, const std::string& n, int count) {
    return source_.Make(
        bronze_.columns,
        fmt::format("SELECT {} AS c0, {} AS c1, i FROM range({}) r(i)", text, n, count));
  }

  // All that a batch gives, as text.
  std::vector<std::string> Said(const Transformed& made) {
    auto said = source_.Show(transform_->Columns(0), made.silver[0]);
    for (const auto& id : made.left_out[0]) said.push_back(fmt::format("out {}", id.offset.value));
    for (const auto& reject : made.rejects) {
      said.push_back(fmt::format("{} {}", reject.reason, reject.id.offset.value));
    }
    for (const auto& count : made.expectations) {
      said.push_back(fmt::format("{} {}", count.name, count.failed));
    }
    return said;
  }

  BronzeSpec bronze_;
  SilverSpec silver_;
  std::unique_ptr<DuckEngine> engine_ = *DuckEngine::Make();
  TestBronze source_{*engine_};
  Arena arena_;
  std::unique_ptr<Transform> transform_;
};

// A batch of which few records pass makes the next one go by DuckDB's filter, one of which most
// pass by the catcher. Both must give the same.
TEST_F(WhereTest, MeansTheSameHoweverItIsJudged) {
  const Chunks all_pass = Rows("'pass'", "1", 10);
  const Chunks none_pass = Rows("NULL", "NULL", 10);
  const Chunks mixed = Rows(
      "CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '  a text of more than twelve bytes ' WHEN 2 THEN "
      "'pass' WHEN 3 THEN '' ELSE ' short ' END",
      "CASE WHEN i % 7 <> 6 THEN (i % 7)::INT END", 5'000);
  Expectation small;
  small.name = "small";
  small.check = "n < 5";
  silver_.expect = {small};
  for (const char* const sql : {
           "SELECT text, trim(text) AS t, n FROM raw.books WHERE trim(text) <> ''",
           "SELECT *, upper(text) || n AS u FROM raw.books WHERE n",
           "SELECT n, 7 AS seven, [text, 'x'] AS l, {'a': n} AS s FROM raw.books WHERE n > 0 AND "
           "text IS NOT NULL",
           "SELECT trim(text) AS text, n FROM raw.books WHERE text IN ('pass', ' short ')",
           "SELECT n, trim(text) AS alias FROM raw.books WHERE alias = 'short' OR alias = 'pass'",
           "SELECT n, text IS DISTINCT FROM 'pass' AS other FROM raw.books AS b -- why\nWHERE "
           "b.text /* so */ = 'pass' -- end",
           "SELECT n, text FROM raw.books WHERE (n IS NOT NULL);",
       }) {
    SCOPED_TRACE(sql);
    Make(sql);
    EXPECT_TRUE(HasWholeForm());
    ASSERT_EQ(RowCount(Run(none_pass).silver[0]), 0U);
    const auto filtered = Said(Run(mixed));
    Make(sql);
    ASSERT_EQ(RowCount(Run(all_pass).silver[0]), 10U);
    const auto whole = Said(Run(mixed));
    EXPECT_EQ(whole, filtered);
    EXPECT_GT(filtered.size(), 5'000U);
  }
}

TEST_F(WhereTest, RecordsThatItLeavesOutCannotFail) {
  Make("SELECT text::int AS t FROM raw.books WHERE text NOT LIKE 'word%'");
  EXPECT_TRUE(HasWholeForm());
  const std::string mostly_numbers = "CASE WHEN i % 10 = 3 THEN 'word' ELSE i::VARCHAR END";
  for (int time = 0; time < 2; ++time) {
    const auto made = Run(Rows(mostly_numbers, "1", 30));
    EXPECT_THAT(made.rejects, IsEmpty());
    EXPECT_EQ(RowCount(made.silver[0]), 27U);
    EXPECT_EQ(made.left_out[0].size(), 3U);
  }
  // One that it takes is to blame, and no other.
  const auto made = Run(Rows("CASE i WHEN 3 THEN 'word' WHEN 4 THEN 'x' ELSE '1' END", "1", 30));
  ASSERT_EQ(made.rejects.size(), 1U);
  EXPECT_EQ(made.rejects[0].id.offset.value, 4);
  EXPECT_EQ(RowCount(made.silver[0]), 28U);
}

TEST_F(WhereTest, KeepsItsFormWhereItsColumnWouldMeanAnother) {
  for (const char* const sql : {
           "SELECT text FROM raw.books",
           "SELECT n AS _sluice_where FROM raw.books WHERE n > 0",
           "SELECT n AS \"_SLUICE_WHERE\" FROM raw.books WHERE n > 0",
       }) {
    SCOPED_TRACE(sql);
    Make(sql);
    EXPECT_FALSE(HasWholeForm());
    EXPECT_EQ(RowCount(Run(Rows("'pass'", "1", 10)).silver[0]), 10U);
  }
}

TEST_F(WhereTest, SharesTheStringsOfTheArena) {
  Make("SELECT text, trim(text) AS t FROM raw.books WHERE text <> 'no'");
  Chunks rows = Rows("CASE WHEN i = 1 THEN 'no' ELSE 'pass' END", "1", 4);
  const std::string_view own = arena_.Copy("  more than twelve bytes ");
  ReferTo(rows[0], 0, 2, own);
  const auto made = Run(rows);
  ASSERT_EQ(made.silver[0][0].rows(), 3U);
  const auto shared = [&](size_t column) {
    const auto* texts = static_cast<const duckdb_string_t*>(
        duckdb_vector_get_data(made.silver[0][0].column(column)));
    return ViewOf(texts[1]).data();
  };
  EXPECT_EQ(shared(0), own.data());
  EXPECT_EQ(shared(1), own.data() + 2);
}

}  // namespace
}  // namespace sluice
