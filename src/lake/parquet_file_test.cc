#include "lake/parquet_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lake/parquet_fixture.h"

namespace sluice {
namespace {

// Writes the query's rows some times over, and returns the path of the file.
std::string WriteRows(Duck& duck, const TempFolder& folder, const IcebergSchema& schema,
                      const std::string& sql, int times, const ParquetFileOptions& options) {
  auto file = ParquetFile::Make(schema, folder.path(), options);
  EXPECT_TRUE(file.has_value());
  for (int i = 0; i < times; ++i) {
    for (const Chunk& chunk : duck.Rows(sql)) EXPECT_TRUE((*file)->Append(chunk).has_value());
  }
  const auto made = (*file)->Finish();
  EXPECT_TRUE(made.has_value()) << made.error().message;
  return (*file)->path().value;
}

// Another reader finds every row, in its order.
void ExpectSameRows(const IcebergSchema& schema, const std::string& sql, int times,
                    const ParquetFileOptions& options) {
  Duck duck;
  const TempFolder folder;
  const std::string path = WriteRows(duck, folder, schema, sql, times, options);
  const std::string given = fmt::format(
      "SELECT row_number() OVER () AS n, t::VARCHAR AS v FROM (SELECT t.* FROM range({}) r(k), "
      "LATERAL (SELECT * FROM ({}) q) t ORDER BY k) t",
      times, sql);
  const std::string found = fmt::format(
      "SELECT row_number() OVER () AS n, t::VARCHAR AS v FROM read_parquet('{}') t", path);
  EXPECT_EQ(duck.Value("SELECT count(*) FROM read_parquet('" + path + "')"),
            duck.Value(fmt::format("SELECT {} * count(*) FROM ({})", times, sql)));
  if (times == 1) {
    EXPECT_EQ(duck.Value("SELECT count(*) FROM (" + given + ") a JOIN (" + found +
                         ") b USING (n) WHERE a.v IS DISTINCT FROM b.v"),
              "0")
        << sql;
  }
  EXPECT_EQ(
      duck.Value("SELECT count(*) FROM ((SELECT v, count(*) FROM (" + given +
                 ") GROUP BY ALL) EXCEPT (SELECT v, count(*) FROM (" + found + ") GROUP BY ALL))"),
      "0")
      << sql;
}

struct Shape {
  const char* type;
  std::string sql;  // over i
};

std::vector<Shape> Shapes() {
  const auto sparse = [](const std::string& value, int every) {
    return fmt::format("CASE WHEN hash(i) % {} = 0 THEN {} END", every, value);
  };
  return {
      {"long", "i"},
      {"long", sparse("i", 2)},
      {"long", sparse("i", 1'000)},
      {"long", "NULL::BIGINT"},
      {"long", "CASE WHEN i < 5000 OR i > 9000 THEN i % 3 END"},  // runs of nulls over pages
      {"int", "(hash(i) % 5000)::INT"},                           // a dictionary that grows
      {"int", "(i % 20000)::INT"},                                // and one that is given up
      {"bool", "hash(i) % 2 = 0"},
      {"bool", sparse("i % 3 = 0", 3)},
      {"float", "(i / 7)::FLOAT"},
      {"double", sparse("i / 7", 2)},
      {"decimal(4,2)", "(i % 9000 / 100)::DECIMAL(4,2)"},
      {"decimal(9,2)", sparse("(i - 5000)::DECIMAL(9,2)", 2)},
      {"decimal(18,3)", "(i - 5000)::DECIMAL(18,3)"},
      {"decimal(19,0)", "((i - 5000) * 999999999999999)::DECIMAL(19,0)"},
      {"decimal(38,10)", sparse("((i - 5000)::DECIMAL(38,10) * 99999)::DECIMAL(38,10)", 2)},
      {"date", "DATE '1970-01-01' + (i - 5000)::INT"},
      {"timestamp", "TIMESTAMP '1970-01-01' + INTERVAL (i - 5000) HOUR"},
      {"timestamptz", sparse("TIMESTAMPTZ '1970-01-01 00:00:00+00' + INTERVAL (i) SECOND", 2)},
      {"string", "'text ' || i"},
      {"string", "CASE WHEN i < 6000 THEN 'g' || i % 10 ELSE 'unique ' || md5(i::VARCHAR) END"},
      {"string", sparse("repeat('long ', (hash(i) % 3000)::INT)", 40)},
      {"string", "''"},
      {"binary", sparse("encode('b' || i)", 2)},
      {"struct<a: int, b: string>", "{'a': i::INT, 'b': 'b' || i % 5}"},
      {"struct<a: struct<b: struct<c: long>>>",
       "CASE hash(i) % 4 WHEN 0 THEN NULL WHEN 1 THEN {'a': NULL} "
       "WHEN 2 THEN {'a': {'b': {'c': NULL}}} ELSE {'a': {'b': {'c': i}}} END"},
      {"list<long>",
       "CASE hash(i) % 4 WHEN 0 THEN NULL WHEN 1 THEN [] WHEN 2 THEN [NULL, i] "
       "ELSE range(i, i + (hash(i) % 9)::BIGINT) END"},
      {"list<string>", "['x' || i, NULL, '', 'the same']"},
      {"list<list<int>>",
       "CASE hash(i) % 5 WHEN 0 THEN NULL WHEN 1 THEN [] WHEN 2 THEN [NULL] WHEN 3 THEN "
       "[[], [i::INT]] ELSE [[1::INT, NULL], NULL, [i::INT, 2, 3]] END"},
      {"list<struct<key: string, value: binary>>",
       "CASE hash(i) % 3 WHEN 0 THEN [] WHEN 1 THEN [{'key': 'k' || i, 'value': NULL}] ELSE "
       "[{'key': NULL, 'value': 'v'::BLOB}, {'key': 'k', 'value': encode('w' || i)}] END"},
      {"struct<ls: list<struct<x: list<int>>>>",
       "CASE hash(i) % 3 WHEN 0 THEN {'ls': NULL} WHEN 1 THEN {'ls': [{'x': NULL}, {'x': "
       "[i::INT, NULL]}]} ELSE {'ls': [NULL, {'x': []}]} END"},
  };
}

TEST(ParquetFileTest, EveryShapeComesBack) {
  for (const Shape& shape : Shapes()) {
    const auto sql = [&](int rows) {
      return fmt::format("SELECT {} AS c FROM range({}) t(i)", shape.sql, rows);
    };
    const IcebergSchema schema = SchemaOf({{"c", shape.type}});
    ExpectSameRows(schema, sql(12'000), 1, {});
    ExpectSameRows(schema, sql(12'000), 1, {.row_group_rows = 4'096, .page_bytes = 2'000});
    ExpectSameRows(schema, sql(1), 1, {});
    ExpectSameRows(schema, sql(3'000), 12, {.page_bytes = 20'000});
  }
}

// As compaction does: chunks that DuckDB makes of a file are flat in all their parts, too.
TEST(ParquetFileTest, RowsOfAFileAreWrittenAsTheyAre) {
  for (const Shape& shape : Shapes()) {
    Duck duck;
    const TempFolder folder;
    const IcebergSchema schema = SchemaOf({{"c", shape.type}});
    const std::string sql = fmt::format("SELECT {} AS c FROM range(9000) t(i)", shape.sql);
    const std::string first = WriteRows(duck, folder, schema, sql, 1, {});
    const std::string second =
        WriteRows(duck, folder, schema, "SELECT c FROM read_parquet('" + first + "')", 1, {});
    EXPECT_EQ(duck.Value(fmt::format(
                  "SELECT count(*) FROM (SELECT row_number() OVER () AS n, c::VARCHAR AS v FROM "
                  "({}) q) a JOIN (SELECT row_number() OVER () AS n, c::VARCHAR AS v FROM "
                  "read_parquet('{}')) b USING (n) WHERE a.v IS NOT DISTINCT FROM b.v",
                  sql, second)),
              "9000")
        << shape.type << ": " << shape.sql;
  }
}

TEST(ParquetFileTest, DictionariesAreForValuesThatRepeat) {
  Duck duck;
  const TempFolder folder;
  const std::string path =
      WriteRows(duck, folder, SchemaOf({{"few", "string"}, {"many", "string"}, {"none", "int"}}),
                "SELECT 'g' || i % 100, md5(i::VARCHAR), NULL::INT FROM range(50000) t(i)", 1, {});
  EXPECT_EQ(duck.Value("SELECT string_agg(encodings, ' | ' ORDER BY column_id) FROM "
                       "parquet_metadata('" +
                       path + "')"),
            "RLE, PLAIN, RLE_DICTIONARY | RLE, PLAIN, RLE_DICTIONARY | RLE, PLAIN");
  EXPECT_EQ(duck.Value("SELECT list(total_compressed_size < 60000 ORDER BY column_id) FROM "
                       "parquet_metadata('" +
                       path + "')"),
            "[true, false, true]");
}

TEST(ParquetFileTest, ReadersMaySkipRowGroupsByTheirBounds) {
  Duck duck;
  const TempFolder folder;
  const IcebergSchema schema =
      SchemaOf({{"l", "long"}, {"d", "double"}, {"s", "string"}, {"p", "decimal(30,2)"}});
  const std::string path =
      WriteRows(duck, folder, schema,
                "SELECT i, CASE WHEN i = 3000 THEN 'nan' ELSE i / 2 END::DOUBLE, "
                "'a text of more than sixteen letters ' || i, (i - 3000)::DECIMAL(30,2) "
                "FROM range(6144) t(i)",
                1, {.row_group_rows = 2'048});
  const std::string from = " FROM parquet_metadata('" + path + "') WHERE path_in_schema = ";
  EXPECT_EQ(duck.Value("SELECT string_agg(stats_min_value || '-' || stats_max_value, ' ' ORDER BY "
                       "row_group_id)" +
                       from + "'l'"),
            "0-2047 2048-4095 4096-6143");
  // Readers differ in where NaN sorts.
  EXPECT_EQ(duck.Value("SELECT string_agg(coalesce(stats_max_value, 'none'), ' ' ORDER BY "
                       "row_group_id)" +
                       from + "'d'"),
            "1023.5 none 3071.5");
  EXPECT_EQ(duck.Value("SELECT min(stats_min_value) || ' ' || max(stats_max_value)" + from + "'s'"),
            "a text of more t a text of more u");
  EXPECT_EQ(duck.Value("SELECT list(stats_null_count)" + from + "'s'"), "[0, 0, 0]");
  for (const auto& [filter, count] : {std::pair{"l = 5000", "1"},
                                      {"d = 2500", "1"},
                                      {"d > 3000", "144"},  // 143 of the third group, and NaN
                                      {"s = 'a text of more than sixteen letters 77'", "1"},
                                      {"p BETWEEN -3000 AND -2999", "2"},
                                      {"p > 3142", "1"}}) {
    EXPECT_EQ(duck.Value(fmt::format("SELECT count(*) FROM '{}' WHERE {}", path, filter)), count)
        << filter;
  }
}

TEST(ParquetFileTest, SaysWhoWroteItAndHowItIsOrdered) {
  Duck duck;
  const TempFolder folder;
  const std::string path =
      WriteRows(duck, folder, SchemaOf({{"l", "long"}}), "SELECT 1::BIGINT", 1, {});
  EXPECT_EQ(duck.Value("SELECT created_by FROM parquet_file_metadata('" + path + "')")
                .rfind("sluice version ", 0),
            0u);
}

TEST(ParquetFileTest, MemoryIsBoundedByTheRowGroup) {
  Duck duck;
  const TempFolder folder;
  auto file = ParquetFile::Make(SchemaOf({{"s", "string"}}), folder.path(),
                                {.row_group_bytes = 1 << 20, .page_bytes = 64 << 10});
  int64_t most = 0;
  for (int i = 0; i < 20; ++i) {
    for (const Chunk& chunk : duck.Rows(fmt::format(
             "SELECT string_agg(md5((i * 100 + k + {} * 7777777)::VARCHAR), '') FROM range(500) "
             "t(i), range(100) r(k) GROUP BY i",
             i))) {
      ASSERT_TRUE((*file)->Append(chunk).has_value());
      most = std::max(most, (*file)->BufferedBytes());
    }
  }
  EXPECT_GT((*file)->Bytes(), 15'000'000);
  EXPECT_LT(most, 8'000'000);
  ASSERT_TRUE((*file)->Finish().has_value());
}

}  // namespace
}  // namespace sluice
