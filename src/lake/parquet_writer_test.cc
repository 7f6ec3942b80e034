#include "lake/parquet_writer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>

#include "lake/parquet_bounds.h"
#include "lake/parquet_fixture.h"
#include "stage/row_batch.h"

namespace sluice {
namespace {

std::unique_ptr<ParquetTableWriter> WriterOf(const IcebergSchema& schema, const std::string& folder,
                                             ParquetOptions options = {},
                                             const PartitionSpec& spec = {}) {
  auto writer = ParquetTableWriter::Make(schema, spec, folder, options);
  if (!writer) ADD_FAILURE() << writer.error().message;
  return *std::move(writer);
}

void AppendRows(ParquetTableWriter& writer, const std::shared_ptr<const Chunks>& batch) {
  const Status appended = writer.Append(*batch);
  ASSERT_TRUE(appended.has_value()) << appended.error().message;
}

std::vector<FinishedFile> CloseFiles(ParquetTableWriter& writer) {
  auto files = writer.Close();
  if (!files) ADD_FAILURE() << files.error().message;
  return files ? *std::move(files) : std::vector<FinishedFile>{};
}

// A folder's files as a FROM item.
std::string Files(const TempFolder& folder) {
  return "read_parquet('" + folder.path() + "/**/*.parquet')";
}

std::string EveryTypeSql(int rows) {
  return R"(
  SELECT i % 2 = 0 AS b, i::INTEGER AS i, i::BIGINT - 500 AS l, (i / 8)::FLOAT AS f,
         CASE i % 10 WHEN 0 THEN 'nan' WHEN 1 THEN -0.0 ELSE i / 8 END::DOUBLE AS d,
         (i % 90 - 45)::DECIMAL(4,2) AS d4, (i - 500)::DECIMAL(9,2) AS d9,
         (i - 500)::DECIMAL(18,3) AS d18, (i - 500)::DECIMAL(38,10) AS d38,
         DATE '1970-01-01' + (i::INTEGER - 500) AS dt,
         TIMESTAMP '1970-01-01' + INTERVAL (i - 500) HOUR AS ts,
         TIMESTAMPTZ '1970-01-01 00:00:00+00' + INTERVAL (i - 500) MINUTE AS tz,
         CASE WHEN i % 7 <> 0 THEN 'text number ' || i || ' 😀' END AS s,
         ('\xFF' || i)::VARCHAR::BLOB AS x,
         CASE WHEN i % 3 <> 0 THEN {'a': i::INTEGER, 'in ner': {'z': 'z' || i}} END AS st,
         CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN [] ELSE ['e' || i, NULL] END AS ls,
         [{'key': 'k' || i, 'value': 'v'::BLOB}] AS h
  FROM range()" +
         std::to_string(rows) + ") t(i)";
}

IcebergSchema EveryType() {
  return SchemaOf({{"b", "bool"},
                   {"i", "int"},
                   {"l", "long"},
                   {"f", "float"},
                   {"d", "double"},
                   {"d4", "decimal(4,2)"},
                   {"d9", "decimal(9,2)"},
                   {"d18", "decimal(18,3)"},
                   {"d38", "decimal(38,10)"},
                   {"dt", "date"},
                   {"ts", "timestamp"},
                   {"tz", "timestamptz"},
                   {"s", "string"},
                   {"x", "binary"},
                   {"st", "struct<a: int, in ner: struct<z: string>>"},
                   {"ls", "list<string>"},
                   {"h", "list<struct<key: string, value: binary>>"}});
}

TEST(ParquetWriterTest, WritesWhatItWasGivenOverManyBatches) {
  Duck duck;
  const TempFolder folder;
  const auto writer = WriterOf(EveryType(), folder.path(), {.row_group_rows = 4'096});
  const std::string sql = EveryTypeSql(3'000);
  for (int i = 0; i < 4; ++i) AppendRows(*writer, duck.Batch(sql));
  const auto files = CloseFiles(*writer);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].file.record_count, 12'000);
  EXPECT_EQ(files[0].file.size_bytes,
            static_cast<int64_t>(std::filesystem::file_size(files[0].local.value)));
  EXPECT_EQ(duck.Value("SELECT count(*) FROM " + Files(folder)), "12000");
  EXPECT_EQ(duck.Value("SELECT count(*) FROM (SELECT columns(*)::VARCHAR FROM (" + sql +
                       ") EXCEPT SELECT columns(*)::VARCHAR FROM " + Files(folder) + ")"),
            "0");
  EXPECT_EQ(duck.Value("SELECT count(*) FROM (SELECT columns(*)::VARCHAR FROM " + Files(folder) +
                       " EXCEPT SELECT columns(*)::VARCHAR FROM (" + sql + "))"),
            "0");
}

TEST(ParquetWriterTest, EveryColumnHasItsFieldIdAndType) {
  Duck duck;
  const TempFolder folder;
  const auto writer = WriterOf(EveryType(), folder.path());
  AppendRows(*writer, duck.Batch(EveryTypeSql(10)));
  const auto files = CloseFiles(*writer);
  const std::string from = " FROM parquet_schema('" + files.at(0).local.value + "')";
  EXPECT_EQ(duck.Value("SELECT string_agg(name || '=' || field_id, ' ' ORDER BY field_id)" + from +
                       " WHERE field_id IS NOT NULL"),
            "b=1 i=2 l=3 f=4 d=5 d4=6 d9=7 d18=8 d38=9 dt=10 ts=11 tz=12 s=13 x=14 st=15 a=16 "
            "in ner=17 z=18 ls=19 element=20 h=21 element=22 key=23 value=24");
  EXPECT_EQ(duck.Value("SELECT string_agg(name, ' ')" + from +
                       " WHERE field_id IS NULL AND name <> 'list'"),
            "table");
  EXPECT_EQ(duck.Value("SELECT logical_type" + from + " WHERE name = 'ts'"),
            "TimestampType(isAdjustedToUTC=0, unit=TimeUnit(MILLIS=<null>, "
            "MICROS=MicroSeconds(), NANOS=<null>))");
  EXPECT_EQ(duck.Value("SELECT logical_type" + from + " WHERE name = 'tz'"),
            "TimestampType(isAdjustedToUTC=1, unit=TimeUnit(MILLIS=<null>, "
            "MICROS=MicroSeconds(), NANOS=<null>))");
  EXPECT_EQ(duck.Value("SELECT string_agg(type, ' ')" + from + " WHERE name IN ('b','i','l','f')"),
            "BOOLEAN INT32 INT64 FLOAT");
}

TEST(ParquetWriterTest, SplitOffsetsAreTheRowGroups) {
  Duck duck;
  const TempFolder folder;
  const auto writer = WriterOf(SchemaOf({{"i", "long"}, {"s", "string"}}), folder.path(),
                               {.row_group_rows = 2'048});
  AppendRows(*writer, duck.Batch("SELECT i, 'g' || i % 3 AS s FROM range(5000) t(i)"));
  const auto files = CloseFiles(*writer);
  const auto& splits = files.at(0).file.split_offsets;
  ASSERT_EQ(splits.size(), 3u);
  EXPECT_EQ(splits[0], 4);
  EXPECT_LT(splits[0], splits[1]);
  EXPECT_LT(splits[1], splits[2]);
  EXPECT_LT(splits[2], files[0].file.size_bytes);
  int64_t total = 0;
  for (const auto& column : files[0].file.columns) total += column.size_bytes;
  EXPECT_GT(total, splits[2]);
  EXPECT_LT(total, files[0].file.size_bytes);
}

TEST(ParquetWriterTest, NothingAppendedMakesNoFile) {
  Duck duck;
  const TempFolder folder;
  const auto writer = WriterOf(SchemaOf({{"i", "long"}}), folder.path());
  EXPECT_TRUE(CloseFiles(*writer).empty());
  AppendRows(*writer, duck.Batch("SELECT 1::BIGINT AS i WHERE false"));
  EXPECT_EQ(writer->OpenBytes(), 0);
  EXPECT_TRUE(CloseFiles(*writer).empty());
  EXPECT_EQ(folder.Files(), 0u);
}

TEST(ParquetWriterTest, GoesOnWithNewFilesAfterClose) {
  Duck duck;
  const TempFolder folder;
  const auto writer = WriterOf(SchemaOf({{"i", "long"}}), folder.path());
  for (int round = 1; round <= 3; ++round) {
    AppendRows(*writer, duck.Batch(fmt::format("SELECT {}::BIGINT AS i", round)));
    const auto files = CloseFiles(*writer);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(files[0].file.columns.at(0).lower, IntegerBytes(TypeKind::kLong, round));
    EXPECT_EQ(files[0].file.columns.at(0).upper, IntegerBytes(TypeKind::kLong, round));
  }
  EXPECT_EQ(duck.Value("SELECT string_agg(i, ',' ORDER BY i) FROM " + Files(folder)), "1,2,3");
}

TEST(ParquetWriterTest, RollsOverWhenAFileIsFull) {
  Duck duck;
  const TempFolder folder;
  const auto writer = WriterOf(SchemaOf({{"i", "long"}}), folder.path(),
                               {.file_size_bytes = 20'000, .row_group_rows = 2'048});
  for (int round = 0; round < 20; ++round) {
    AppendRows(*writer, duck.Batch(fmt::format("SELECT (hash(i + {}) >> 1)::BIGINT AS i"
                                               " FROM range(2048) t(i)",
                                               round * 2'048)));
  }
  EXPECT_GT(writer->OpenBytes(), 20'000);
  const auto files = CloseFiles(*writer);
  EXPECT_GT(files.size(), 2u);
  EXPECT_EQ(folder.Files(), files.size());
  int64_t rows = 0;
  for (const auto& file : files) rows += file.file.record_count;
  EXPECT_EQ(rows, 20 * 2'048);
}

TEST(ParquetWriterTest, KeepsNothingThatRowsPointTo) {
  Duck duck;
  const TempFolder folder;
  const auto writer = WriterOf(SchemaOf({{"s", "string"}}), folder.path());
  for (int round = 0; round < 50; ++round) {
    Arena arena;
    Chunk chunk = Chunk::Make(Schema{{{"s", {.kind = TypeKind::kString}}}});
    auto* texts = static_cast<duckdb_string_t*>(duckdb_vector_get_data(chunk.column(0)));
    for (size_t row = 0; row < kChunkRows; ++row) {
      const auto text = arena.Copy(fmt::format("in the arena, {} {}", round, row));
      texts[row].value.pointer.length = static_cast<uint32_t>(text.size());
      std::memcpy(texts[row].value.pointer.prefix, text.data(), 4);
      texts[row].value.pointer.ptr = const_cast<char*>(text.data());
    }
    chunk.SetRows(kChunkRows);
    ASSERT_TRUE(writer->Append(std::span(&chunk, 1)).has_value());
  }
  ASSERT_EQ(CloseFiles(*writer).size(), 1u);
  EXPECT_EQ(duck.Value("SELECT count(DISTINCT s) FROM " + Files(folder) +
                       " WHERE s LIKE 'in the arena, %'"),
            fmt::format("{}", 50 * kChunkRows));
}

TEST(ParquetWriterTest, TakesOddNamesAndFolders) {
  Duck duck;
  const TempFolder folder;
  const std::string odd = folder.path() + "/it's [a] *.parquet? folder";
  const auto writer =
      WriterOf(SchemaOf({{"we'ird\"co,l", "int"}, {"日本 %", "struct<{}}: list<int>>"}}), odd);
  AppendRows(*writer, duck.Batch("SELECT 1::INT, {'{}}': [2::INT]}"));
  const auto files = CloseFiles(*writer);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].local.value.rfind(odd + "/", 0), 0u);
  EXPECT_EQ(files[0].file.columns.size(), 2u);
}

TEST(ParquetWriterTest, DiscardLeavesNoFile) {
  Duck duck;
  const TempFolder folder;
  const PartitionSpec spec{0, {{"g", "identity", 2, 1000}}};
  const auto writer = WriterOf(SchemaOf({{"i", "long"}, {"g", "int"}}), folder.path(),
                               {.row_group_rows = 2'048, .max_open_files = 2}, spec);
  AppendRows(*writer, duck.Batch("SELECT i, (i / 5000)::INT AS g FROM range(40000) t(i)"));
  EXPECT_GT(folder.Files(), 0u);
  writer->Discard();
  EXPECT_EQ(folder.Files(), 0u);
  EXPECT_TRUE(CloseFiles(*writer).empty());
  AppendRows(*writer, duck.Batch("SELECT 1::BIGINT AS i, 1::INT AS g"));
  EXPECT_EQ(CloseFiles(*writer).size(), 1u);
}

TEST(ParquetWriterTest, DestructionDiscards) {
  Duck duck;
  const TempFolder folder;
  const auto batch = duck.Batch("SELECT i FROM range(300000) t(i)");
  AppendRows(*WriterOf(SchemaOf({{"i", "long"}}), folder.path()), batch);
  EXPECT_EQ(folder.Files(), 0u);
  EXPECT_EQ(batch.use_count(), 1);
}

TEST(ParquetWriterTest, AFolderThatIsGoneIsFatalAndStays) {
  Duck duck;
  const TempFolder folder;
  const std::string spool = folder.path() + "/spool";
  const auto writer = WriterOf(SchemaOf({{"i", "long"}}), spool);
  std::filesystem::remove_all(spool);
  const Status appended = writer->Append(*duck.Batch("SELECT 1::BIGINT AS i"));
  ASSERT_FALSE(appended.has_value());
  EXPECT_EQ(appended.error().kind, ErrorKind::kFatal);
  EXPECT_NE(appended.error().message.find("cannot write a Parquet file"), std::string::npos);
  EXPECT_FALSE(writer->Close().has_value());
  std::filesystem::create_directories(spool);
  EXPECT_FALSE(writer->Close().has_value());  // rows were lost: only Discard makes it whole
  writer->Discard();
  EXPECT_TRUE(CloseFiles(*writer).empty());
  AppendRows(*writer, duck.Batch("SELECT 1::BIGINT AS i"));
  EXPECT_EQ(CloseFiles(*writer).size(), 1u);
}

TEST(ParquetWriterTest, AFolderThatCannotBeMadeIsFatal) {
  Duck duck;
  const auto writer =
      ParquetTableWriter::Make(SchemaOf({{"i", "long"}}), {}, "/dev/null/spool", {});
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().kind, ErrorKind::kFatal);
}

// Files of this process end at so many bytes, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit{bytes, old_limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_limit_{};
  void (*old_handler_)(int);
};

TEST(ParquetWriterTest, AFullDiskIsRetryable) {
  Duck duck;
  const TempFolder folder;
  const auto writer = WriterOf(SchemaOf({{"i", "long"}}), folder.path(), {.row_group_rows = 2'048});
  const auto batch = duck.Batch(
      "SELECT (hash(i) >> 1)::BIGINT AS i"
      " FROM range(200000) t(i)");
  {
    const FullDisk full(100'000);
    Status status = writer->Append(*batch);
    if (status) {
      auto closed = writer->Close();
      if (!closed) status = Fail(closed.error());
    }
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().kind, ErrorKind::kRetryable) << status.error().message;
    EXPECT_FALSE(writer->Append(*batch).has_value());
  }
  writer->Discard();
  EXPECT_EQ(folder.Files(), 0u);
  EXPECT_EQ(batch.use_count(), 1);
  AppendRows(*writer, batch);
  EXPECT_EQ(CloseFiles(*writer).at(0).file.record_count, 200'000);
}

TEST(ParquetWriterTest, RefusesRowsOfAnotherLayout) {
  Duck duck;
  const TempFolder folder;
  const IcebergSchema schema = SchemaOf({{"i", "long"}, {"d", "decimal(9,2)"}});
  for (const char* sql : {"SELECT 1::BIGINT", "SELECT 1::INT, 1::DECIMAL(9,2)",
                          "SELECT 1::BIGINT, 1::DECIMAL(18,2)", "SELECT 1::BIGINT, 1::HUGEINT"}) {
    const auto writer = WriterOf(schema, folder.path());
    const auto batch = duck.Batch(sql);
    const Status appended = writer->Append(*batch);
    ASSERT_FALSE(appended.has_value()) << sql;
    EXPECT_EQ(appended.error().kind, ErrorKind::kInvariant);
  }
}

// DuckDB's Parquet writer would give the hidden values to the rows that follow, silently.
TEST(ParquetWriterTest, RefusesNullStructsThatHoldValues) {
  Duck duck;
  const TempFolder folder;
  const auto writer =
      WriterOf(SchemaOf({{"st", "struct<a: int, in: struct<s: string>>"}}), folder.path());
  const auto rows = std::make_shared<Chunks>(
      duck.Rows("SELECT {'a': i::INT, 'in': {'s': 's' || i}} AS st FROM range(100) t(i)"));
  const auto set_null = [](duckdb_vector column) {
    duckdb_vector_ensure_validity_writable(column);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(column), 99);
  };
  const duckdb_vector column = rows->at(0).column(0);
  const duckdb_vector inner = duckdb_struct_vector_get_child(column, 1);
  for (const duckdb_vector next : {column, duckdb_struct_vector_get_child(column, 0), inner}) {
    set_null(next);
    EXPECT_EQ(writer->Append(*rows).error().kind, ErrorKind::kInvariant);
    writer->Discard();
  }
  set_null(duckdb_struct_vector_get_child(inner, 0));
  AppendRows(*writer, rows);
  const auto files = CloseFiles(*writer);
  EXPECT_EQ(files.at(0).file.columns.at(0).null_count, 1);
  EXPECT_EQ(files.at(0).file.columns.at(1).null_count, 1);
  EXPECT_EQ(duck.Value("SELECT count(*) FROM (SELECT st.a, st.in.s AS s FROM " + Files(folder) +
                       ") WHERE s = 's' || a"),
            "99");
}

TEST(ParquetWriterTest, RefusesInfiniteTimes) {
  Duck duck;
  const TempFolder folder;
  const auto writer = WriterOf(SchemaOf({{"t", "timestamptz"}}), folder.path());
  const auto batch = duck.Batch("SELECT 'infinity'::TIMESTAMPTZ");
  EXPECT_EQ(writer->Append(*batch).error().kind, ErrorKind::kInvariant);
}

TEST(ParquetWriterTest, OptionsHaveLimits) {
  EXPECT_TRUE(ParquetOptions{}.Validate().has_value());
  const ParquetOptions wrong[] = {{.file_size_bytes = 0}, {.row_group_rows = 100},
                                  {.row_group_bytes = 0}, {.max_open_files = 0},
                                  {.max_gathering = 0},   {.compression_level = 23}};
  for (const auto& options : wrong) {
    EXPECT_EQ(options.Validate().error().kind, ErrorKind::kInvalidConfig);
  }
}

}  // namespace
}  // namespace sluice
