// What follows decode, each station alone on the same books: silver's SQL, COPY encoding, Parquet
// files of bronze and silver, and the Avro container of a manifest. Rows are checked to be all
// there.
#include <filesystem>

#include "bench/silver_books.h"
#include "lake/avro_writer.h"
#include "lake/parquet_writer.h"
#include "warehouse/copy_encoder.h"

namespace sluice {
namespace {

void BM_SilverSql(benchmark::State& state) {
  SilverBooks books;
  for (auto _ : state) Check(RowCount(books.Silver()) == kRecords, "rows are missing");
  CountRows(state, kRecords);
}
BENCHMARK(BM_SilverSql)->Unit(benchmark::kMillisecond);

// Each chunk loses a few rows.
void BM_SilverSqlLeavesOut(benchmark::State& state) {
  SilverBooks books(kRecords, "AND _offset % 1000 <> 0");
  for (auto _ : state) Check(RowCount(books.Silver()) == kRecords - 50, "rows are missing");
  CountRows(state, kRecords);
}
BENCHMARK(BM_SilverSqlLeavesOut)->Unit(benchmark::kMillisecond);

void BM_CopyEncode(benchmark::State& state) {
  SilverBooks books;
  const Chunks silver = books.Silver();
  CopyEncoder encoder(books.silver_schema().fields);
  CopyData data;
  for (auto _ : state) {
    data.Clear();
    for (const Chunk& chunk : silver) encoder.Encode(chunk, data);
    benchmark::DoNotOptimize(data.Buffers());
  }
  Check(RowCount(silver) == kRecords, "rows are missing");
  CountRows(state, kRecords);
}
BENCHMARK(BM_CopyEncode)->Unit(benchmark::kMillisecond);

IcebergField Numbered(const Field& field, int32_t& next) {
  IcebergField numbered{.id = next++, .name = field.name, .type = field.type};
  for (const auto& child : field.type.children) numbered.children.push_back(Numbered(child, next));
  return numbered;
}

void WriteParquet(benchmark::State& state, const Schema& schema, const Chunks& rows) {
  IcebergSchema numbered;
  int32_t next = 1;
  for (const auto& field : schema.fields) numbered.fields.push_back(Numbered(field, next));
  const auto folder = std::filesystem::temp_directory_path() / "sluice-stations-bench";
  auto writer = ParquetTableWriter::Make(numbered, {}, folder.string(), {});
  Check(writer.has_value(), "no writer");
  for (auto _ : state) {
    Check((*writer)->Append(rows).has_value(), "append");
    const auto files = (*writer)->Close();
    Check(files && files->size() == 1, "one file");
    std::filesystem::remove((*files)[0].local.value);
  }
  std::filesystem::remove_all(folder);
  CountRows(state, RowCount(rows));
}

void BM_SilverParquet(benchmark::State& state) {
  SilverBooks books;
  WriteParquet(state, books.silver_schema(), books.Silver());
}
BENCHMARK(BM_SilverParquet)->Unit(benchmark::kMillisecond);

void BM_BronzeParquet(benchmark::State& state) {
  SilverBooks books;
  WriteParquet(state, BronzeSchema(BooksSpec().columns), books.bronze());
}
BENCHMARK(BM_BronzeParquet)->Unit(benchmark::kMillisecond);

// As a manifest's entries are made of: longs, texts and small maps, deflated in one block.
void BM_AvroContainer(benchmark::State& state) {
  constexpr int64_t kEntries = 1'000;
  for (auto _ : state) {
    AvroEncoder encoder;
    for (int64_t entry = 0; entry < kEntries; ++entry) {
      encoder.Long(1);
      encoder.Bytes(fmt::format("file:///lake/processed/books/data/{:032x}.parquet", entry));
      for (int64_t column = 0; column < 10; ++column) encoder.Long(entry * column);
    }
    benchmark::DoNotOptimize(MakeAvroFile({}, R"({"type": "record", "name": "e", "fields": []})",
                                          kEntries, encoder.bytes()));
  }
  CountRows(state, kEntries);
}
BENCHMARK(BM_AvroContainer)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice
