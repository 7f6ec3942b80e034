#include "lake/parquet_partition.h"

#include <gtest/gtest.h>

#include "lake/parquet_bounds.h"
#include "lake/parquet_fixture.h"

namespace sluice {
namespace {

// The partition of one SQL value.
PartitionValue PartitionOf(const std::string& transform, const std::string& type,
                           const std::string& value) {
  Duck duck;
  const auto partitioner =
      Partitioner::Make(SchemaOf({{"c", type}}), {0, {{"p", transform, 1, 1000}}});
  if (!partitioner) return {std::nullopt, partitioner.error().message};
  const Chunks rows = duck.Rows("SELECT " + value + "::" + type + " AS c");
  return (*partitioner)->ValuesOf(rows.at(0), 0).at(0);
}

TEST(ParquetPartitionTest, EveryTransformRoundsDownOnBothSidesOf1970) {
  struct Case {
    std::string transform, type, value;
    int64_t number;
    std::string text;
  };
  const Case cases[] = {
      {"day", "timestamp", "'1970-01-01 00:00:00'", 0, "1970-01-01"},
      {"day", "timestamp", "'1969-12-31 23:59:59.999999'", -1, "1969-12-31"},
      {"day", "timestamptz", "'2026-01-31 01:00:00+02'", 20'483, "2026-01-30"},
      {"day", "date", "'1969-12-31'", -1, "1969-12-31"},
      {"hour", "timestamp", "'1969-12-31 23:00:00'", -1, "1969-12-31-23"},
      {"hour", "timestamp", "'1969-12-31 22:59:59.999999'", -2, "1969-12-31-22"},
      {"hour", "timestamptz", "'1970-01-02 03:10:00+00'", 27, "1970-01-02-03"},
      {"month", "date", "'1970-01-31'", 0, "1970-01"},
      {"month", "date", "'1969-12-31'", -1, "1969-12"},
      {"month", "date", "'2000-02-29'", 361, "2000-02"},
      {"month", "timestamp", "'0001-01-01 00:00:00'", -23'628, "0001-01"},
      {"month", "timestamptz", "'2026-03-01 00:30:00+01'", 673, "2026-02"},
  };
  for (const Case& c : cases) {
    const PartitionValue value = PartitionOf(c.transform, c.type, c.value);
    EXPECT_EQ(value.bytes, IntegerBytes(TypeKind::kInt, c.number)) << c.transform << c.value;
    EXPECT_EQ(value.text, c.text) << c.transform << c.value;
  }
}

TEST(ParquetPartitionTest, MonthsFollowTheCalendarForEveryDay) {
  Duck duck;
  const auto partitioner =
      Partitioner::Make(SchemaOf({{"d", "date"}, {"m", "int"}}),
                        {0, {{"month", "month", 1, 1000}, {"m", "identity", 2, 1001}}});
  ASSERT_TRUE(partitioner.has_value());
  const Chunks rows = duck.Rows(
      "SELECT d, ((year(d) - 1970) * 12 + month(d) - 1)::INT FROM"
      " (SELECT DATE '1580-01-01' + i::INT AS d FROM range(0, 300000, 1) t(i))");
  for (const Chunk& chunk : rows) {
    for (size_t row = 0; row < chunk.rows(); ++row) {
      const auto values = (*partitioner)->ValuesOf(chunk, row);
      ASSERT_EQ(values[0].bytes, values[1].bytes) << values[0].text;
    }
  }
}

TEST(ParquetPartitionTest, IdentityKeepsTheSourcesBytes) {
  EXPECT_EQ(PartitionOf("identity", "string", "'a/b %日'").bytes, "a/b %日");
  EXPECT_EQ(PartitionOf("identity", "string", "''").bytes, "");
  EXPECT_EQ(PartitionOf("identity", "bool", "true").bytes, std::string(1, '\x01'));
  EXPECT_EQ(PartitionOf("identity", "int", "-1").bytes, IntegerBytes(TypeKind::kInt, -1));
  EXPECT_EQ(PartitionOf("identity", "long", "-1").bytes, IntegerBytes(TypeKind::kLong, -1));
  EXPECT_EQ(PartitionOf("identity", "date", "'1970-01-03'").text, "1970-01-03");
  for (const char* type : {"decimal(4,2)", "decimal(9,2)", "decimal(18,2)", "decimal(38,2)"}) {
    const PartitionValue value = PartitionOf("identity", type, "-1.05");
    EXPECT_EQ(value.bytes, IntegerBytes(TypeKind::kDecimal, -105)) << type;
    EXPECT_EQ(value.text, "-1.05") << type;
  }
  const std::string long_text(40, 'x');  // partition values are never truncated
  EXPECT_EQ(PartitionOf("identity", "string", "'" + long_text + "'").bytes, long_text);
}

TEST(ParquetPartitionTest, NullIsAPartitionOfItsOwn) {
  for (const char* transform : {"identity", "day"}) {
    EXPECT_EQ(PartitionOf(transform, "date", "NULL"), (PartitionValue{std::nullopt, "null"}));
  }
}

TEST(ParquetPartitionTest, RefusesWhatHasNoPartition) {
  const std::pair<std::string, std::string> cases[] = {
      {"hour", "date"},    {"day", "int"},        {"identity", "double"}, {"identity", "float"},
      {"month", "string"}, {"year", "timestamp"}, {"bucket[4]", "int"},   {"identity", "list<int>"},
  };
  for (const auto& [transform, type] : cases) {
    const auto made = Partitioner::Make(SchemaOf({{"c", type}}), {0, {{"p", transform, 1, 1000}}});
    ASSERT_FALSE(made.has_value()) << transform << type;
    EXPECT_EQ(made.error().kind, ErrorKind::kInvalidConfig);
  }
  EXPECT_FALSE(
      Partitioner::Make(SchemaOf({{"c", "int"}}), {0, {{"p", "identity", 9, 1000}}}).has_value());
}

TEST(ParquetPartitionTest, SeesWhenAllRowsBelongTogether) {
  struct Case {
    std::string transform, type, values;
    bool together;
  };
  const Case cases[] = {
      {"day", "timestamp", "('2026-01-01 00:00:00'), ('2026-01-01 23:59:59.999999')", true},
      {"day", "timestamp", "('2026-01-01 00:00:00'), ('2026-01-02 00:00:00')", false},
      {"day", "timestamp", "('2026-01-01 00:00:00'), (NULL)", false},
      {"day", "timestamp", "(NULL), (NULL)", true},
      {"identity", "string", "('a longer text than inlined'), ('a longer text than inlined')",
       true},
      {"identity", "string", "('a longer text than inlined'), ('a longer text than inlineD')",
       false},
      {"identity", "string", "(''), (NULL)", false},
      {"identity", "string", "(NULL), (NULL)", true},
      {"identity", "decimal(38,0)", "(18446744073709551616), (0)", false},
  };
  Duck duck;
  for (const Case& c : cases) {
    const auto partitioner =
        Partitioner::Make(SchemaOf({{"c", c.type}}), {0, {{"p", c.transform, 1, 1000}}});
    ASSERT_TRUE(partitioner.has_value());
    const Chunks rows = duck.Rows("SELECT v::" + c.type + " FROM (VALUES " + c.values + ") t(v)");
    EXPECT_EQ((*partitioner)->IsOnePartition(rows.at(0)), c.together) << c.values;
    std::string first, second;
    (*partitioner)->AppendKey(rows.at(0), 0, first);
    (*partitioner)->AppendKey(rows.at(0), 1, second);
    EXPECT_EQ(first == second, c.together) << c.values;
  }
}

TEST(ParquetPartitionTest, KeysOfSeveralFieldsDoNotRunTogether) {
  Duck duck;
  const auto partitioner =
      Partitioner::Make(SchemaOf({{"a", "string"}, {"b", "string"}}),
                        {0, {{"a", "identity", 1, 1000}, {"b", "identity", 2, 1001}}});
  ASSERT_TRUE(partitioner.has_value());
  const Chunks rows = duck.Rows("SELECT * FROM (VALUES ('ab', 'c'), ('a', 'bc'), ('', NULL)) t");
  std::string keys[3];
  for (size_t row = 0; row < 3; ++row) (*partitioner)->AppendKey(rows.at(0), row, keys[row]);
  EXPECT_NE(keys[0], keys[1]);
  EXPECT_NE(keys[1], keys[2]);
}

}  // namespace
}  // namespace sluice
