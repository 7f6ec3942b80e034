#include "transform/duck_transform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "transform/test_bronze.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Field Declared(const char* name, const char* type) {
  return {name, *ParseType(type)};
}

BronzeSpec Bronze(std::vector<Field> columns) {
  BronzeSpec bronze;
  bronze.table = {"raw", "books"};
  bronze.columns = std::move(columns);
  return bronze;
}

SilverSpec Silver(std::string sql, const char* name = "books") {
  SilverSpec silver;
  silver.table = {"processed", name};
  silver.from = {"raw", "books"};
  silver.sql = std::move(sql);
  return silver;
}

Expectation Check(const char* name, const char* check, Otherwise otherwise) {
  Expectation expectation;
  expectation.name = name;
  expectation.check = check;
  expectation.otherwise = otherwise;
  return expectation;
}

std::vector<int64_t> OffsetsOf(const std::vector<RecordId>& ids) {
  std::vector<int64_t> offsets;
  for (const auto& id : ids) offsets.push_back(id.offset.value);
  return offsets;
}

std::vector<int64_t> OffsetsOf(const std::vector<Reject>& rejects) {
  std::vector<int64_t> offsets;
  for (const auto& reject : rejects) offsets.push_back(reject.id.offset.value);
  return offsets;
}

class DuckTransformTest : public testing::Test {
 protected:
  std::unique_ptr<Transform> MakeOrFail(const BronzeSpec& bronze,
                                        const std::vector<SilverSpec>& silver) {
    auto made = MakeDuckTransform(*engine_, bronze, silver);
    if (made) return std::move(*made);
    for (const auto& problem : made.error()) ADD_FAILURE() << problem.message;
    return nullptr;
  }

  // Rows `text`, a string, of `count` records: the number, or a word at the places given.
  Chunks Numbers(int count, const std::set<int>& bad) {
    std::string list = "-1";
    for (const int row : bad) list += fmt::format(", {}", row);
    return bronze_.Make(text_, fmt::format("SELECT CASE WHEN i IN ({}) THEN 'word ' || i ELSE i::"
                                           "VARCHAR END AS c0, i FROM range({}) r(i)",
                                           list, count));
  }

  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
  std::vector<Field> text_{Declared("text", "string")};
  std::unique_ptr<DuckEngine> engine_ = *DuckEngine::Make();
  TestBronze bronze_{*engine_};
};

// The shipped example's SQL, taken from its pipeline file.
std::string BooksSql() {
  std::ifstream in(SLUICE_SOURCE_DIR "/examples/books/sluice.yml");
  std::stringstream text;
  text << in.rdbuf();
  const std::string yaml = text.str();
  const size_t start = yaml.find("SELECT trim");
  return yaml.substr(start, yaml.find("expect:", start) - start);
}

TEST_F(DuckTransformTest, ShippedBooksBecomeSilver) {
  SilverSpec silver = Silver(BooksSql());
  silver.expect = {Check("title_present", "book_title IS NOT NULL", Otherwise::kQuarantine),
                   Check("sales_positive", "sales_millions > 0", Otherwise::kWarn)};
  const BronzeSpec bronze =
      Bronze({Declared("Book", "string"), Declared("Author(s)", "string"),
              Declared("Original language", "string"), Declared("First published", "int"),
              Declared("Approximate sales in millions", "double"), Declared("Genre", "string")});
  auto transform = MakeOrFail(bronze, {silver});
  ASSERT_NE(transform, nullptr);
  const Chunks rows = bronze_.Make(
      bronze.columns,
      fmt::format("SELECT \"Book\" AS c0, \"Author(s)\" AS c1, \"Original language\" AS c2, "
                  "\"First published\" AS c3, \"Approximate sales in millions\" AS c4, \"Genre\" "
                  "AS c5, row_number() OVER () - 1 AS i FROM read_csv({}, header = true)",
                  QuoteLiteral(SLUICE_SOURCE_DIR "/examples/books/data/best-selling-books.csv")));
  const auto made = transform->Run(rows, *arena_);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(RowCount(made->silver[0]), RowCount(rows));
  EXPECT_GT(RowCount(rows), 150U);
  EXPECT_THAT(made->rejects, testing::IsEmpty());
  EXPECT_THAT(made->left_out[0], testing::IsEmpty());
  const auto shown = bronze_.Show(transform->Columns(0), made->silver[0]);
  EXPECT_EQ(shown[0],
            "A Tale of Two Cities | Charles Dickens | English | 1859 | 200.0 | Historical "
            "fiction | 2024-01-01 00:00:00+00 @0");
  EXPECT_THAT(shown[1], HasSubstr("Antoine de Saint-Exupéry | French"));
}

TEST_F(DuckTransformTest, SetsBadRecordsAsideAmongManyGoodOnes) {
  const std::set<int> bad{0, 1, 2'047, 2'048, 25'000, 25'001, 49'999};
  auto transform = MakeOrFail(Bronze(text_), {Silver("SELECT text::int AS n FROM raw.books")});
  const Chunks rows = Numbers(50'000, bad);
  const auto made = transform->Run(rows, *arena_);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_THAT(OffsetsOf(made->rejects), ElementsAre(0, 1, 2'047, 2'048, 25'000, 25'001, 49'999));
  EXPECT_EQ(made->rejects[4].reason, "sql_failed");
  EXPECT_EQ(made->rejects[4].field, "processed.books");
  EXPECT_THAT(made->rejects[4].detail, HasSubstr("'word 25000'"));
  EXPECT_EQ(RowCount(made->silver[0]), 50'000 - bad.size());
  EXPECT_THAT(made->left_out[0], testing::IsEmpty());
  int64_t expected = 2;
  for (const auto& chunk : made->silver[0]) {
    const auto* numbers = static_cast<const int32_t*>(duckdb_vector_get_data(chunk.column(0)));
    for (size_t row = 0; row < chunk.rows(); ++row, ++expected) {
      while (bad.contains(static_cast<int>(expected))) ++expected;
      ASSERT_EQ(numbers[row], expected);
      ASSERT_EQ(LineageOf(chunk).offset[row], expected);
    }
  }
}

TEST_F(DuckTransformTest, WhereAndExpectationsStillCountAroundBadRecords) {
  SilverSpec silver = Silver("SELECT text::int AS n FROM raw.books WHERE text::int % 2 = 0");
  silver.expect = {Check("big", "n >= 10", Otherwise::kDrop),
                   Check("odd_thousand", "n % 1000 <> 0", Otherwise::kQuarantine),
                   Check("small", "n < 5000", Otherwise::kWarn)};
  auto transform = MakeOrFail(Bronze(text_), {silver});
  const auto made = transform->Run(Numbers(5'002, {3, 4, 2'500}), *arena_);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_THAT(OffsetsOf(made->rejects),
              ElementsAre(0, 3, 4, 1'000, 2'000, 2'500, 3'000, 4'000, 5'000));
  EXPECT_EQ(made->rejects[0].reason, "expectation:odd_thousand");
  EXPECT_EQ(made->rejects[1].reason, "sql_failed");
  // Odd ones but 3, and 2, 6, 8 as too small; 0 and 4 are rejected instead.
  EXPECT_EQ(made->left_out[0].size(), 2'500U + 3);
  EXPECT_EQ(RowCount(made->silver[0]) + made->left_out[0].size() + made->rejects.size(), 5'002U);
  ASSERT_EQ(made->expectations.size(), 3U);
  EXPECT_EQ(made->expectations[0].failed, 4);
  EXPECT_EQ(made->expectations[2].failed, 1);
}

// The heart of "exactly once": a record's row may not depend on its company.
TEST_F(DuckTransformTest, HowRecordsAreCutIntoBatchesChangesNothing) {
  SilverSpec silver = Silver(
      "SELECT text::int AS n, text || '!' AS t, {'k': 'constant', 'n': [text]} AS s FROM raw.books "
      "WHERE length(text) <> 2");
  silver.expect = {Check("a", "n % 7 <> 0", Otherwise::kQuarantine)};
  auto transform = MakeOrFail(Bronze(text_), {silver});
  const Chunks rows = Numbers(4'100, {5, 77, 2'048, 4'099});
  const auto whole = transform->Run(rows, *arena_);
  ASSERT_TRUE(whole.has_value());
  Chunks silver_rows;
  std::vector<int64_t> rejects;
  std::vector<int64_t> left_out;
  for (const Chunk& chunk : rows) {
    for (uint32_t start = 0; start < chunk.rows(); start += 700) {
      std::vector<uint32_t> some;
      for (uint32_t row = start; row < std::min<size_t>(start + 700, chunk.rows()); ++row) {
        some.push_back(row);
      }
      Chunks part;
      part.push_back(chunk.Select(some));
      auto made = transform->Run(part, *arena_);
      ASSERT_TRUE(made.has_value());
      std::ranges::move(made->silver[0], std::back_inserter(silver_rows));
      std::ranges::copy(OffsetsOf(made->rejects), std::back_inserter(rejects));
      std::ranges::copy(OffsetsOf(made->left_out[0]), std::back_inserter(left_out));
    }
  }
  EXPECT_EQ(rejects, OffsetsOf(whole->rejects));
  EXPECT_EQ(left_out, OffsetsOf(whole->left_out[0]));
  EXPECT_EQ(bronze_.Show(transform->Columns(0), silver_rows),
            bronze_.Show(transform->Columns(0), whole->silver[0]));
}

TEST_F(DuckTransformTest, LeftOutIsSortedThoughPartitionsAlternate) {
  auto transform =
      MakeOrFail(Bronze(text_), {Silver("SELECT text FROM raw.books WHERE text <> 'x'")});
  const Chunks rows = bronze_.Fetch(
      "SELECT CASE WHEN i % 3 = 0 THEN 'x' ELSE 'y' END, NULL::VARCHAR, NULL::STRUCT(\"key\" "
      "VARCHAR, \"value\" BLOB)[], NULL::BLOB, NULL::TIMESTAMPTZ, 1::INT, (1 - i % 2)::INT, "
      "(i // 2)::BIGINT FROM range(12) r(i)");
  const auto made = transform->Run(rows, *arena_);
  ASSERT_TRUE(made.has_value());
  const auto id = [](int partition, int64_t offset) {
    return RecordId{PartitionId{partition}, Offset{offset}};
  };
  EXPECT_THAT(made->left_out[0], ElementsAre(id(0, 1), id(0, 4), id(1, 0), id(1, 3)));
}

TEST_F(DuckTransformTest, FailStopsAndNamesTheRecord) {
  SilverSpec silver = Silver("SELECT text FROM raw.books");
  silver.expect = {Check("short", "length(text) < 4", Otherwise::kFail)};
  auto transform = MakeOrFail(Bronze(text_), {silver});
  const auto failed = transform->Run(Numbers(2'000, {1'500}), *arena_);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, ErrorKind::kFatal);
  EXPECT_EQ(failed.error().code, "expectation_failed");
  EXPECT_THAT(failed.error().message, HasSubstr("`short` of processed.books"));
  EXPECT_THAT(failed.error().message, HasSubstr("log 3, partition 0, offset 1000"));
  const auto again = transform->Run(Numbers(10, {}), *arena_);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(RowCount(again->silver[0]), 10U);
}

// Sinks read vectors by their data pointers, so each must be flat whatever DuckDB made it of:
// constants, dictionaries (WHERE), shared struct and list children.
TEST_F(DuckTransformTest, VectorsAreFlatAndOutliveAllButTheEngine) {
  Chunks silver;
  {
    Chunks rows = Numbers(3'000, {});
    auto transform = MakeOrFail(
        Bronze(text_),
        {Silver(
            "SELECT 7 AS seven, 'a constant of many bytes' AS c, text AS t, {'a': 9, 'b': text} "
            "AS s, [text, 'a constant of many bytes'] AS l, ['x', 'y'] AS cl FROM raw.books "
            "WHERE text::int % 3 = 1")});
    auto made = transform->Run(rows, *arena_);
    ASSERT_TRUE(made.has_value());
    silver = std::move(made->silver[0]);
  }
  ASSERT_EQ(RowCount(silver), 1'000U);
  int64_t number = 1;
  for (const auto& chunk : silver) {
    const auto data = [](duckdb_vector vector) { return duckdb_vector_get_data(vector); };
    const auto text = [&](duckdb_vector vector, size_t row) {
      return ViewOf(static_cast<const duckdb_string_t*>(data(vector))[row]);
    };
    for (size_t row = 0; row < chunk.rows(); ++row, number += 3) {
      const std::string wanted = std::to_string(number);
      ASSERT_EQ(static_cast<const int32_t*>(data(chunk.column(0)))[row], 7);
      ASSERT_EQ(text(chunk.column(1), row), "a constant of many bytes");
      ASSERT_EQ(text(chunk.column(2), row), wanted);
      const duckdb_vector number_child = duckdb_struct_vector_get_child(chunk.column(3), 0);
      const duckdb_vector text_child = duckdb_struct_vector_get_child(chunk.column(3), 1);
      ASSERT_EQ(static_cast<const int32_t*>(data(number_child))[row], 9);
      ASSERT_EQ(text(text_child, row), wanted);
      for (const size_t list : {4, 5}) {
        const auto entry = static_cast<const duckdb_list_entry*>(data(chunk.column(list)))[row];
        const duckdb_vector items = duckdb_list_vector_get_child(chunk.column(list));
        ASSERT_EQ(entry.length, 2U);
        ASSERT_EQ(text(items, entry.offset), list == 4 ? wanted : "x");
        ASSERT_EQ(text(items, entry.offset + 1), list == 4 ? "a constant of many bytes" : "y");
      }
      ASSERT_EQ(LineageOf(chunk).log[row], 3);
      ASSERT_EQ(LineageOf(chunk).offset[row], number);
    }
  }
}

TEST_F(DuckTransformTest, EmptyBatchesAndNoTables) {
  auto transform = MakeOrFail(Bronze(text_), {Silver("SELECT text FROM raw.books"),
                                              Silver("SELECT 1 AS one FROM raw.books", "ones")});
  auto made = transform->Run({}, *arena_);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->silver.size(), 2U);
  EXPECT_EQ(made->left_out.size(), 2U);
  Chunks empty;
  empty.push_back(Chunk::Make(BronzeSchema(text_)));
  ASSERT_TRUE(transform->Run(empty, *arena_).has_value());
  auto none = MakeOrFail(Bronze(text_), {});
  made = none->Run(Numbers(3, {}), *arena_);
  ASSERT_TRUE(made.has_value());
  EXPECT_THAT(made->silver, testing::IsEmpty());
}

TEST_F(DuckTransformTest, EmptyChunksBetweenOthersAreNoEnd) {
  auto transform = MakeOrFail(Bronze(text_), {Silver("SELECT text::int AS n FROM raw.books")});
  Chunks rows;
  for (const bool bad : {false, true}) {
    rows.push_back(Chunk::Make(BronzeSchema(text_)));
    for (Chunk& chunk : Numbers(3, bad ? std::set<int>{1} : std::set<int>{})) {
      rows.push_back(std::move(chunk));
    }
  }
  rows.push_back(Chunk::Make(BronzeSchema(text_)));
  const auto made = transform->Run(rows, *arena_);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(RowCount(made->silver[0]), 5U);
  EXPECT_THAT(OffsetsOf(made->rejects), ElementsAre(1));
}

TEST_F(DuckTransformTest, ForeignChunksBreakAnInvariant) {
  auto transform = MakeOrFail(Bronze(text_), {Silver("SELECT text FROM raw.books")});
  Chunks rows;
  rows.push_back(Chunk::Make(SilverSchema(text_)));
  const auto made = transform->Run(rows, *arena_);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().kind, ErrorKind::kInvariant);
}

TEST_F(DuckTransformTest, SeveralTransformsShareAnEngine) {
  auto first = MakeOrFail(Bronze(text_), {Silver("SELECT text || 'a' AS t FROM raw.books")});
  auto second = MakeOrFail(Bronze(text_), {Silver("SELECT text || 'b' AS t FROM raw.books")});
  const Chunks rows = Numbers(1, {});
  EXPECT_THAT(bronze_.Show(first->Columns(0), first->Run(rows, *arena_)->silver[0]),
              ElementsAre("0a @0"));
  EXPECT_THAT(bronze_.Show(second->Columns(0), second->Run(rows, *arena_)->silver[0]),
              ElementsAre("0b @0"));
  first.reset();
  EXPECT_THAT(bronze_.Show(second->Columns(0), second->Run(rows, *arena_)->silver[0]),
              ElementsAre("0b @0"));
}

TEST_F(DuckTransformTest, OddNamesWork) {
  BronzeSpec bronze =
      Bronze({Declared("a \"quoted\" 'name'; --", "string"), Declared("select", "int")});
  bronze.table = {"Roh Daten", "bücher;\"1\""};
  SilverSpec silver = Silver(
      "SELECT \"a \"\"quoted\"\" 'name'; --\" AS \"Größe ; DROP\", \"select\" FROM \"Roh Daten\"."
      "\"bücher;\"\"1\"\"\"",
      "x\"y");
  silver.expect = {Check("a", "\"Größe ; DROP\" <> '--'", Otherwise::kWarn)};
  auto transform = MakeOrFail(bronze, {silver});
  ASSERT_NE(transform, nullptr);
  const Chunks rows = bronze_.Make(bronze.columns, "SELECT '--' AS c0, 1 AS c1, 0 AS i");
  const auto made = transform->Run(rows, *arena_);
  ASSERT_TRUE(made.has_value());
  EXPECT_THAT(bronze_.Show(transform->Columns(0), made->silver[0]), ElementsAre("-- | 1 @0"));
  ASSERT_EQ(made->expectations.size(), 1U);
}

TEST_F(DuckTransformTest, LongMessagesAreCut) {
  auto transform = MakeOrFail(Bronze(text_), {Silver("SELECT text::int AS n FROM raw.books")});
  const auto made =
      transform->Run(bronze_.Make(text_, "SELECT repeat('ä\x07', 4000) AS c0, 0 AS i"), *arena_);
  ASSERT_TRUE(made.has_value());
  ASSERT_EQ(made->rejects.size(), 1U);
  EXPECT_LE(made->rejects[0].detail.size(), 1'024U);
  EXPECT_THAT(made->rejects[0].detail, HasSubstr("ä\\x07ä"));
}

TEST_F(DuckTransformTest, RefusesTimesThatNoLakeHolds) {
  auto transform = MakeOrFail(
      Bronze(text_), {Silver("SELECT text, [{'at': text::timestamp}, NULL] AS l FROM raw.books")});
  const auto made = transform->Run(
      bronze_.Make(
          text_,
          "SELECT unnest(['infinity', '9999-12-31 23:59:59.999999', '10000-01-01', '0001-01-01', "
          "'0001-01-01 (BC)', '-infinity', NULL]) AS c0, unnest(range(7)) AS i"),
      *arena_);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_THAT(OffsetsOf(made->rejects), ElementsAre(0, 2, 4, 5));
  EXPECT_EQ(made->rejects[0].reason, "timestamp_out_of_range");
  EXPECT_EQ(made->rejects[0].field, "l");
}

TEST_F(DuckTransformTest, TimesThatPartATableStayNearTheRecordsOwn) {
  // The records' own time is 2024-01-01, that of offset 1 is not known.
  SilverSpec silver = Silver("SELECT text::timestamp AS t, text::date AS d FROM raw.books");
  silver.partition_by = {{"day", "t"}, {"identity", "d"}, {"day", "_timestamp"}};
  silver.expect = {Check("x", "t IS DISTINCT FROM '1970-01-01'", Otherwise::kDrop)};
  auto transform = MakeOrFail(Bronze(text_), {silver});
  const auto made = transform->Run(
      bronze_.Make(text_,
                   "SELECT unnest(['2024-01-02', '2054-01-01', '2024-01-02 00:00:01', "
                   "'2014-01-01', '1970-01-01',"
                   " '2013-12-31', NULL, 'infinity', '-infinity']) AS c0, unnest(range(9)) AS i"),
      *arena_);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_THAT(OffsetsOf(made->rejects), ElementsAre(2, 5, 7, 8));
  EXPECT_EQ(made->rejects[0].reason, "timestamp_outside_window");
  EXPECT_EQ(made->rejects[0].field, "t");
  EXPECT_EQ(made->rejects[0].detail,
            "2024-01-02T00:00:01Z in a column that parts processed.books; the record's own time is "
            "2024-01-01T00:00:00Z, and time_window.future is 1d");
  EXPECT_THAT(OffsetsOf(made->left_out[0]), ElementsAre(4));
}

}  // namespace
}  // namespace sluice
