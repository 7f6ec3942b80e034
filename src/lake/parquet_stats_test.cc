#include "lake/parquet_stats.h"

#include <gtest/gtest.h>

#include "lake/parquet_fixture.h"

namespace sluice {
namespace {

using namespace std::string_literals;

// Statistics of one column of these SQL values, cast to the type; so many were written.
ColumnStats StatsOf(const std::string& type, const std::string& sql_type, const std::string& values,
                    int64_t nulls = 0) {
  Duck duck;
  ParquetStats stats(SchemaOf({{"c", type}}));
  const Chunks rows = duck.Rows("SELECT v::" + sql_type + " FROM (VALUES " + values + ") t(v)");
  for (const Chunk& chunk : rows) EXPECT_TRUE(stats.Add(chunk).has_value());
  const ParquetTotals written{.rows = stats.rows(), .leaves = {{stats.rows(), nulls, 77}}};
  const auto columns = stats.Finish(written);
  EXPECT_TRUE(columns.has_value()) << columns.error().message;
  return columns ? columns->at(0) : ColumnStats{};
}

TEST(ParquetStatsTest, EveryTypeHasItsExtremes) {
  struct Case {
    std::string type, sql_type, values, lower, upper;
  };
  const Case cases[] = {
      {"bool", "BOOLEAN", "(true), (false)", "\0"s, "\x01"s},
      {"bool", "BOOLEAN", "(true), (true)", "\x01"s, "\x01"s},
      {"int", "INTEGER", "(-2147483648), (2147483647)", "\0\0\0\x80"s, "\xFF\xFF\xFF\x7F"s},
      {"long", "BIGINT", "(-1), (256)", std::string(8, '\xFF'), "\0\x01\0\0\0\0\0\0"s},
      {"float", "FLOAT", "(1.5), (-2)", "\0\0\0\xC0"s, "\0\0\xC0\x3F"s},
      {"double", "DOUBLE", "('-inf'::DOUBLE), (1)", "\0\0\0\0\0\0\xF0\xFF"s,
       "\0\0\0\0\0\0\xF0\x3F"s},
      {"decimal(4,2)", "DECIMAL(4,2)", "(-99.99), (1.28)", "\xD8\xF1"s, "\0\x80"s},
      {"decimal(9,2)", "DECIMAL(9,2)", "(-1.29), (0)", "\xFF\x7F"s, "\0"s},
      {"decimal(18,0)", "DECIMAL(18,0)", "(-65536), (65535)", "\xFF\0\0"s, "\0\xFF\xFF"s},
      {"decimal(38,0)", "DECIMAL(38,0)", "(-18446744073709551616), (18446744073709551615)",
       "\xFF\0\0\0\0\0\0\0\0"s, "\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s},
      {"date", "DATE", "('1969-12-31'), ('1970-01-02')", "\xFF\xFF\xFF\xFF"s, "\x01\0\0\0"s},
      {"timestamp", "TIMESTAMP", "('1969-12-31 23:59:59.999999'), ('1970-01-01')",
       std::string(8, '\xFF'), std::string(8, '\0')},
      {"timestamptz", "TIMESTAMPTZ",
       "('1970-01-01 01:00:00+01'), ('1970-01-01 00:00:00.000001+00')", std::string(8, '\0'),
       "\x01\0\0\0\0\0\0\0"s},
      {"string", "VARCHAR", "('b'), ('a longer text than inlined'), ('')", "", "b"},
      {"string", "VARCHAR", "('same prefix but a'), ('same prefix but b'), ('same')", "same",
       "same prefix but!"},
      {"binary", "BLOB", "('\\x80'::BLOB), ('\\x7F\\x00'::BLOB)", "\x7F\0"s, "\x80"s},
  };
  for (const Case& c : cases) {
    const ColumnStats stats = StatsOf(c.type, c.sql_type, c.values);
    EXPECT_EQ(stats.lower, c.lower) << c.type << " " << c.values;
    EXPECT_EQ(stats.upper, c.upper) << c.type << " " << c.values;
    EXPECT_EQ(stats.field_id, 1);
    EXPECT_EQ(stats.size_bytes, 77);
    EXPECT_EQ(stats.null_count, 0);
  }
}

TEST(ParquetStatsTest, ColumnsWithoutValuesHaveNoBounds) {
  for (const char* type : {"bool", "int", "double", "decimal(38,2)", "string", "date"}) {
    const ColumnStats stats = StatsOf(type, Spell(ParseType(type).value()), "(NULL), (NULL)", 2);
    EXPECT_EQ(stats.value_count, 2);
    EXPECT_EQ(stats.null_count, 2);
    EXPECT_EQ(stats.lower, std::nullopt) << type;
    EXPECT_EQ(stats.upper, std::nullopt) << type;
  }
}

TEST(ParquetStatsTest, NanIsCountedAndNeverABound) {
  const ColumnStats mixed =
      StatsOf("double", "DOUBLE", "('nan'::DOUBLE), (1), (NULL), (-'nan'::DOUBLE)", 1);
  EXPECT_EQ(mixed.nan_count, 2);
  EXPECT_EQ(mixed.lower, FloatBytes(TypeKind::kDouble, 1));
  EXPECT_EQ(mixed.upper, FloatBytes(TypeKind::kDouble, 1));
  const ColumnStats only = StatsOf("float", "FLOAT", "('nan'), ('nan')");
  EXPECT_EQ(only.nan_count, 2);
  EXPECT_EQ(only.lower, std::nullopt);
  EXPECT_EQ(only.upper, std::nullopt);
  EXPECT_EQ(StatsOf("int", "INTEGER", "(1)").nan_count, std::nullopt);
}

TEST(ParquetStatsTest, ZerosOfBothSignsLieWithinTheBounds) {
  for (const char* values : {"(0.0::DOUBLE)", "(-0.0::DOUBLE)", "(0.0::DOUBLE), (-0.0::DOUBLE)"}) {
    const ColumnStats stats = StatsOf("double", "DOUBLE", values);
    EXPECT_EQ(stats.lower, FloatBytes(TypeKind::kDouble, -0.0)) << values;
    EXPECT_EQ(stats.upper, FloatBytes(TypeKind::kDouble, 0.0)) << values;
  }
}

TEST(ParquetStatsTest, NullsAreCountedThroughStructsAndOverManyRows) {
  Duck duck;
  ParquetStats stats(SchemaOf({{"s", "struct<a: int, t: struct<b: string>>"}, {"n", "long"}}));
  const Chunks rows = duck.Rows(
      "SELECT CASE WHEN i % 2 = 0 THEN {'a': CASE WHEN i % 6 = 0 THEN NULL ELSE i::INT END,"
      " 't': {'b': 'text ' || i}} END AS s,"
      " CASE WHEN i % 3 <> 0 THEN i END AS n FROM range(5000) t(i)");
  ASSERT_GT(rows.size(), 2u);
  for (const Chunk& chunk : rows) ASSERT_TRUE(stats.Add(chunk).has_value());
  const ParquetTotals written{.rows = 5000,
                              .leaves = {{5000, 3334, 1}, {5000, 2500, 1}, {5000, 1667, 1}}};
  const auto columns = stats.Finish(written);
  ASSERT_TRUE(columns.has_value()) << columns.error().message;
  EXPECT_EQ(columns->at(0).field_id, 2);
  EXPECT_EQ(columns->at(0).lower, IntegerBytes(TypeKind::kInt, 2));
  EXPECT_EQ(columns->at(0).upper, IntegerBytes(TypeKind::kInt, 4996));
  EXPECT_EQ(columns->at(1).field_id, 4);
  EXPECT_EQ(columns->at(1).lower, "text 0");
  EXPECT_EQ(columns->at(2).lower, IntegerBytes(TypeKind::kLong, 1));
}

TEST(ParquetStatsTest, ListsHaveTheFootersCountsAndNoBounds) {
  Duck duck;
  ParquetStats stats(SchemaOf({{"h", "list<struct<key: string, value: binary>>"}, {"n", "int"}}));
  const Chunks rows = duck.Rows("SELECT [{'key': 'k', 'value': 'v'::BLOB}] AS h, 7::INT AS n");
  ASSERT_TRUE(stats.Add(rows.at(0)).has_value());
  const auto columns = stats.Finish({.rows = 1, .leaves = {{1, 0, 40}, {3, 2, 41}, {1, 0, 42}}});
  ASSERT_TRUE(columns.has_value());
  EXPECT_EQ(columns->at(0), (ColumnStats{.field_id = 3, .size_bytes = 40, .value_count = 1}));
  EXPECT_EQ(columns->at(1).value_count, 3);
  EXPECT_EQ(columns->at(1).null_count, 2);
  EXPECT_EQ(columns->at(2).lower, IntegerBytes(TypeKind::kInt, 7));
}

TEST(ParquetStatsTest, OtherCountsThanWrittenIsAnInvariantBroken) {
  Duck duck;
  ParquetStats stats(SchemaOf({{"n", "int"}}));
  const Chunks rows = duck.Rows("SELECT 7::INT AS n");
  ASSERT_TRUE(stats.Add(rows.at(0)).has_value());
  ASSERT_TRUE(stats.Finish({.rows = 1, .leaves = {{1, 0, 1}}}).has_value());
  for (const ParquetTotals& wrong :
       {ParquetTotals{.rows = 2, .leaves = {{2, 0, 1}}}, ParquetTotals{.rows = 1, .leaves = {}},
        ParquetTotals{.rows = 1, .leaves = {{1, 1, 1}}},
        ParquetTotals{.rows = 1, .leaves = {{2, 0, 1}}}}) {
    const auto columns = stats.Finish(wrong);
    ASSERT_FALSE(columns.has_value());
    EXPECT_EQ(columns.error().kind, ErrorKind::kInvariant);
  }
}

TEST(ParquetStatsTest, RefusesInfiniteTimes) {
  for (const std::string type : {"date", "timestamp", "timestamptz"}) {
    for (const std::string value : {"infinity", "-infinity"}) {
      Duck duck;
      ParquetStats stats(SchemaOf({{"c", type}}));
      const Chunks rows = duck.Rows("SELECT '" + value + "'::" + type);
      const Status added = stats.Add(rows.at(0));
      ASSERT_FALSE(added.has_value()) << type << value;
      EXPECT_EQ(added.error().kind, ErrorKind::kInvariant);
    }
  }
}

}  // namespace
}  // namespace sluice
