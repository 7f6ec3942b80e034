// Books-like records of about 190 bytes through the JSON decoder, beside simdjson on its own:
// records a second of one core, checked to be all there. SLUICE_BENCH_LINES names a file of records
// to take instead of made ones.
#include <simdjson.h>

#include <stdexcept>

#include "bench/books.h"
#include "decode/json_decoder.h"
#include "decode/json_index.h"

namespace sluice {
namespace {

void Count(benchmark::State& state, const RawBatch& batch) {
  state.counters["bytes_per_record"] =
      static_cast<double>(batch.arena->bytes()) / static_cast<double>(batch.records.size());
  CountRows(state, batch.records.size());
}

void Decode(benchmark::State& state, const BronzeSpec& spec, const RawBatch& batch, size_t rows) {
  auto decoder = MakeJsonDecoder(spec).value();
  for (auto _ : state) {
    const auto decoded = decoder->Decode(batch);
    if (RowCount(decoded->rows) != rows) throw std::runtime_error("rows are missing");
  }
  Count(state, batch);
}

void BM_Books(benchmark::State& state) {
  Decode(state, BooksSpec(), MakeBooks(), kRecords);
}
BENCHMARK(BM_Books)->Unit(benchmark::kMillisecond);

void BM_BooksWithEscapes(benchmark::State& state) {
  BronzeSpec spec = BooksSpec();
  spec.columns.push_back({"Note", {.kind = TypeKind::kString}});
  Decode(state, spec, MakeBooks(R"(, "Note": "caf\u00e9 au lait\n")"), kRecords);
}
BENCHMARK(BM_BooksWithEscapes)->Unit(benchmark::kMillisecond);

void BM_BooksWithUndeclared(benchmark::State& state) {
  Decode(state, BooksSpec(), MakeBooks(R"(, "Shelf": {"row": 4, "place": [1, 2]}, "Id": 17)"),
         kRecords);
}
BENCHMARK(BM_BooksWithUndeclared)->Unit(benchmark::kMillisecond);

void BM_BooksAllRejected(benchmark::State& state) {
  Decode(state, BooksSpec(), MakeBooks(R"(, "Book": "again")"), 0);
}
BENCHMARK(BM_BooksAllRejected)->Unit(benchmark::kMillisecond);

// What simdjson's On-Demand takes to look at the same six fields, keeping nothing.
void BM_SimdjsonOnDemand(benchmark::State& state) {
  const RawBatch batch = MakeBooks();
  simdjson::ondemand::parser parser;
  for (auto _ : state) {
    size_t bytes = 0;
    for (const Record& record : batch.records) {
      const simdjson::padded_string_view text(record.value->data(), record.value->size(),
                                              record.value->size() + Arena::kPadding);
      auto document = parser.iterate(text);
      for (auto field : document.get_object()) {
        std::string_view string;
        double number = 0;
        auto value = field.value();
        if (value.get_string().get(string) == simdjson::SUCCESS)
          bytes += string.size();
        else if (value.get_double().get(number) == simdjson::SUCCESS)
          ++bytes;
      }
    }
    benchmark::DoNotOptimize(bytes);
  }
  Count(state, batch);
}
BENCHMARK(BM_SimdjsonOnDemand)->Unit(benchmark::kMillisecond);

// simdjson's first stage only: the floor.
void BM_SimdjsonStage1(benchmark::State& state) {
  const RawBatch batch = MakeBooks();
  auto index = json::JsonIndex::Make(1 << 20).value();
  for (auto _ : state) {
    for (const Record& record : batch.records) {
      benchmark::DoNotOptimize(index.Build(*record.value));
    }
  }
  Count(state, batch);
}
BENCHMARK(BM_SimdjsonStage1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice
