#include "warehouse/copy_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "warehouse/warehouse_fixture.h"

namespace sluice {
namespace {

using Cases =
    std::vector<std::pair<const char*, const char*>>;  // DuckDB's value, PostgreSQL's text

class CopyEncoderTest : public WarehouseSuite {
 protected:
  // Sends each value through COPY into a column of its type and reads it back as text.
  void RoundTrip(const std::string& type, const std::string& duck_type, const Cases& cases,
                 const std::string& show = "v::text") {
    SCOPED_TRACE(type);
    const auto sink = SinkOf(TableOf({{"v", *ParseType(type)}}));
    ASSERT_TRUE(session_->Query("DROP TABLE IF EXISTS books_silver"));
    const Status prepared = sink->Prepare(*session_);
    ASSERT_TRUE(prepared) << prepared.error().message;
    std::string sql;
    for (size_t i = 0; i < cases.size(); ++i) {
      sql += (i == 0 ? "SELECT (" : " UNION ALL SELECT (") + std::string(cases[i].first) +
             ")::" + duck_type + ", NULL::TIMESTAMPTZ, 1::INTEGER, 0::INTEGER, " +
             std::to_string(i) + "::BIGINT";
    }
    const Status committed = Commit(*sink, *session_, Batch(sql));
    ASSERT_TRUE(committed) << committed.error().message;
    const auto rows = session_->Query("SELECT " + show + " FROM books_silver ORDER BY _offset");
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->rows.size(), cases.size());
    for (size_t i = 0; i < cases.size(); ++i) {
      EXPECT_EQ(rows->rows[i][0].value_or("NULL"), cases[i].second) << cases[i].first;
    }
  }
};

TEST_F(CopyEncoderTest, Numbers) {
  RoundTrip("bool", "BOOLEAN", {{"true", "true"}, {"false", "false"}, {"NULL", "NULL"}});
  RoundTrip("int", "INTEGER",
            {{"0", "0"},
             {"-2147483648", "-2147483648"},
             {"2147483647", "2147483647"},
             {"NULL", "NULL"},
             {"-1", "-1"}});
  RoundTrip("long", "BIGINT",
            {{"'-9223372036854775808'", "-9223372036854775808"},
             {"9223372036854775807", "9223372036854775807"},
             {"9007199254740993", "9007199254740993"},
             {"NULL", "NULL"}});
  RoundTrip("float", "FLOAT",
            {{"1.5", "1.5"},
             {"'-0.0'", "-0"},
             {"'nan'", "NaN"},
             {"'inf'", "Infinity"},
             {"1e-45", "1e-45"},
             {"3.4028235e38", "3.4028235e+38"},
             {"NULL", "NULL"}});
  RoundTrip("double", "DOUBLE",
            {{"0.1", "0.1"},
             {"'-0.0'", "-0"},
             {"'nan'", "NaN"},
             {"'-inf'", "-Infinity"},
             {"5e-324", "5e-324"},
             {"1.7976931348623157e308", "1.7976931348623157e+308"},
             {"NULL", "NULL"}});
}

TEST_F(CopyEncoderTest, Decimals) {
  RoundTrip("decimal(4,2)", "DECIMAL(4,2)",
            {{"0", "0.00"},
             {"-99.99", "-99.99"},
             {"0.05", "0.05"},
             {"NULL", "NULL"},
             {"10", "10.00"},
             {"-0.10", "-0.10"}});
  RoundTrip(
      "decimal(9,0)", "DECIMAL(9,0)",
      {{"999999999", "999999999"}, {"10000", "10000"}, {"-100000000", "-100000000"}, {"7", "7"}});
  RoundTrip("decimal(18,5)", "DECIMAL(18,5)",
            {{"'1234567890123.45678'", "1234567890123.45678"},
             {"'-0.00001'", "-0.00001"},
             {"'10000.00010'", "10000.00010"},
             {"'100000000'", "100000000.00000"}});
  RoundTrip(
      "decimal(38,0)", "DECIMAL(38,0)",
      {{"'99999999999999999999999999999999999999'", "99999999999999999999999999999999999999"},
       {"'-99999999999999999999999999999999999999'", "-99999999999999999999999999999999999999"},
       {"'18446744073709551616'", "18446744073709551616"},
       {"'-18446744073709551615'", "-18446744073709551615"},
       {"'10000000000000000000000000000000000000'", "10000000000000000000000000000000000000"},
       {"0", "0"},
       {"NULL", "NULL"},
       {"-1", "-1"}});
  RoundTrip(
      "decimal(38,38)", "DECIMAL(38,38)",
      {{"'0.99999999999999999999999999999999999999'", "0.99999999999999999999999999999999999999"},
       {"'-0.00000000000000000000000000000000000001'", "-0.00000000000000000000000000000000000001"},
       {"'0.1'", "0.10000000000000000000000000000000000000"}});
  RoundTrip(
      "decimal(38,19)", "DECIMAL(38,19)",
      {{"'-1234567890123456789.0123456789012345678'", "-1234567890123456789.0123456789012345678"},
       {"'0.0000000000000000001'", "0.0000000000000000001"}});
}

TEST_F(CopyEncoderTest, TextAndBytes) {
  const Cases texts{{"''", ""},
                    {"'a'", "a"},
                    {"'twelve bytes'", "twelve bytes"},
                    {"'thirteen bytes'", "thirteen bytes"},
                    {"NULL", "NULL"},
                    {"'日本 😀'", "日本 😀"},
                    {"'it''s \\ \"quoted\"'", "it's \\ \"quoted\""},
                    {"'a' || chr(10) || chr(9) || 'b'", "a\n\tb"},
                    {"'\\N'", "\\N"}};
  RoundTrip("string", "VARCHAR", texts);
  RoundTrip("string", "VARCHAR", {{"repeat('x', 3000000)", "3000000"}}, "length(v)::text");
  RoundTrip("binary", "BLOB",
            {{"''", "\\x"},
             {"'\\x00\\xFF\\x01'", "\\x00ff01"},
             {"NULL", "NULL"},
             {"'abcdefghijklmnop'", "\\x6162636465666768696a6b6c6d6e6f70"}});
}

TEST_F(CopyEncoderTest, DatesAndTimes) {
  RoundTrip("date", "DATE",
            {{"'2000-01-01'", "2000-01-01"},
             {"'1969-12-31'", "1969-12-31"},
             {"'0001-01-01'", "0001-01-01"},
             {"'0044-03-15 (BC)'", "0044-03-15 BC"},
             {"'9999-12-31'", "9999-12-31"},
             {"'infinity'", "infinity"},
             {"'-infinity'", "-infinity"},
             {"NULL", "NULL"}});
  RoundTrip("timestamp", "TIMESTAMP",
            {{"'2024-02-29 23:59:59.999999'", "2024-02-29 23:59:59.999999"},
             {"'1969-12-31 23:59:59.999999'", "1969-12-31 23:59:59.999999"},
             {"'1970-01-01'", "1970-01-01 00:00:00"},
             {"'infinity'", "infinity"},
             {"'-infinity'", "-infinity"},
             {"'0001-01-01'", "0001-01-01 00:00:00"},
             {"'294247-01-10 04:00:54.775806'", "294247-01-10 04:00:54.775806"},
             {"NULL", "NULL"}});
  RoundTrip("timestamptz", "TIMESTAMPTZ",
            {{"'2024-02-29 23:59:59.5+02'", "2024-02-29 21:59:59.5+00"},
             {"NULL", "NULL"},
             {"'1900-01-01 00:00:00+00'", "1900-01-01 00:00:00+00"}});
}

TEST_F(CopyEncoderTest, StructsAndListsBecomeJson) {
  RoundTrip("list<int>", "INTEGER[]",
            {{"[1, NULL, -3]", "[1, null, -3]"}, {"[]", "[]"}, {"NULL", "NULL"}, {"[7]", "[7]"}});
  RoundTrip("list<list<string>>", "VARCHAR[][]",
            {{"[['a', NULL], NULL, []]", "[[\"a\", null], null, []]"},
             {"list_sort([['z'], ['a long string of text']])",
              "[[\"a long string of text\"], [\"z\"]]"}});
  RoundTrip("struct<a: string, b c: decimal(20,3), d: binary>",
            "STRUCT(a VARCHAR, \"b c\" DECIMAL(20,3), d BLOB)",
            {{"{'a': 'q\"\\ ' || chr(31) || '😀', 'b c': -0.5, 'd': 'a\\x00'}",
              "{\"a\": \"q\\\"\\\\ \\u001f😀\", \"d\": \"\\\\x6100\", \"b c\": -0.500}"},
             {"{'a': NULL, 'b c': NULL, 'd': NULL}", "{\"a\": null, \"d\": null, \"b c\": null}"},
             {"NULL", "NULL"}});
  RoundTrip("struct<f: float, g: double, h: bool, i: long>",
            "STRUCT(f FLOAT, g DOUBLE, h BOOLEAN, i BIGINT)",
            {{"{'f': 0.1, 'g': 'nan', 'h': true, 'i': 9007199254740993}",
              "{\"f\": 0.1, \"g\": \"NaN\", \"h\": true, \"i\": 9007199254740993}"},
             {"{'f': '-inf', 'g': 1e20, 'h': false, 'i': 0}",
              "{\"f\": \"-Infinity\", \"g\": 100000000000000000000, \"h\": false, \"i\": 0}"}});
}

// What we write of times inside JSON is what to_jsonb writes.
TEST_F(CopyEncoderTest, TimesInsideJsonAreSpelledAsPostgresDoes) {
  for (const char* text :
       {"2024-02-29 23:59:59.5", "1969-12-31 23:59:59.999999", "0001-01-01 00:00:00",
        "0044-03-15 (BC) 01:02:03", "12345-06-07 00:00:00", "1600-02-29 12:00:00",
        "1900-03-01 00:00:00", "infinity"}) {
    const std::string quoted = QuoteLiteral(text);
    std::string postgres = text;
    if (const size_t at = postgres.find(" (BC)"); at != std::string::npos) {
      postgres = postgres.erase(at, 5) + " BC";
    }
    const std::string expected = Text(
        "SELECT jsonb_build_object('d', t::date, 't', t, 'z', t AT TIME ZONE 'UTC') FROM "
        "(SELECT " +
        QuoteLiteral(postgres) + "::timestamp AS t) AS x");
    RoundTrip("struct<d: date, t: timestamp, z: timestamptz>",
              "STRUCT(d DATE, t TIMESTAMP, z TIMESTAMPTZ)",
              {{("{'d': " + quoted + "::TIMESTAMP::DATE, 't': " + quoted +
                 "::TIMESTAMP, 'z': " + quoted + "::TIMESTAMP::TIMESTAMPTZ}")
                    .c_str(),
                expected.substr(0, expected.size() - 2).c_str()}});
  }
}

TEST_F(CopyEncoderTest, ManyChunksKeepEveryRowInOrder) {
  const auto sink =
      SinkOf(TableOf({{"t", {.kind = TypeKind::kString}},
                      {"n", {.kind = TypeKind::kDecimal, .precision = 12, .scale = 3}},
                      {"i", {.kind = TypeKind::kInt}}}));
  ASSERT_TRUE(sink->Prepare(*session_));
  const std::string sql =
      "SELECT CASE WHEN i % 7 = 0 THEN NULL ELSE repeat('ab', (i % 50)::INT) END AS t, "
      "(i * 0.125)::DECIMAL(12,3) AS n, CASE WHEN i % 3 = 0 THEN NULL ELSE i::INTEGER END AS x, "
      "make_timestamptz(i * 1000000) AS ts, 1::INTEGER, (i % 4)::INTEGER, i::BIGINT "
      "FROM range(100000) r(i)";
  ASSERT_TRUE(Commit(*sink, *session_, Batch(sql)));
  EXPECT_EQ(Text("SELECT count(*), count(t), sum(length(t)), sum(n), count(i), sum(i), "
                 "sum(_offset), max(_timestamp) FROM books_silver"),
            Text("SELECT count(*), count(*) FILTER (WHERE i % 7 <> 0), "
                 "sum(i % 50 * 2) FILTER (WHERE i % 7 <> 0), sum((i * 0.125)::numeric(12,3)), "
                 "count(*) FILTER (WHERE i % 3 <> 0), sum(i) FILTER (WHERE i % 3 <> 0), "
                 "sum(i), to_timestamp(99999) FROM generate_series(0, 99999) i"));
}

TEST_F(CopyEncoderTest, EmptyChunkIsAnEmptyCopy) {
  CopyEncoder encoder(LineageFields());
  CopyData data;
  encoder.Encode(Chunk::Make({LineageFields()}), data);
  EXPECT_EQ(data.rows(), 0);
  size_t bytes = 0;
  for (const auto buffer : data.Buffers()) bytes += buffer.size();
  EXPECT_EQ(bytes, 21U);
}

}  // namespace
}  // namespace sluice
