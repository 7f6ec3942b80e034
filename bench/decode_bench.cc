// Books-like records of about 190 bytes through the JSON decoder, beside simdjson on its own:
// records a second of one core, checked to be all there. SLUICE_BENCH_LINES names a file of records
// to take instead of made ones.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "decode/json_decoder.h"
#include "decode/json_index.h"
#include "decode/testing.h"

namespace sluice {
namespace {

constexpr size_t kRecords = 50'000;

BronzeSpec BooksSpec() {
  BronzeSpec spec;
  spec.columns = {{"Book", {.kind = TypeKind::kString}},
                  {"Author(s)", {.kind = TypeKind::kString}},
                  {"Original language", {.kind = TypeKind::kString}},
                  {"First published", {.kind = TypeKind::kInt}},
                  {"Approximate sales in millions", {.kind = TypeKind::kDouble}},
                  {"Genre", {.kind = TypeKind::kString}}};
  return spec;
}

std::string Book(size_t number, std::string_view more = "") {
  return fmt::format(
      R"x({{"Book": "The Lion, the Witch and the Wardrobe {}", "Author(s)": "C. S. Lewis", )x"
      R"x("Original language": "English", "First published": {}, )x"
      R"x("Approximate sales in millions": {}.{}, "Genre": "Fantasy, Children's fiction"{}}})x",
      number, 1800 + number % 220, number % 200, number % 10, more);
}

// The first lines of the file that SLUICE_BENCH_LINES names, if it does.
std::vector<std::string> GivenLines() {
  std::vector<std::string> lines;
  if (const char* path = std::getenv("SLUICE_BENCH_LINES")) {
    std::ifstream file(path);
    for (std::string line; lines.size() < kRecords && std::getline(file, line);)
      lines.push_back(line);
  }
  return lines;
}

RawBatch MakeBooks(std::string_view more = "") {
  std::vector<std::string> values;
  if (more.empty()) values = GivenLines();
  for (size_t i = values.size(); i < kRecords; ++i) values.push_back(Book(i, more));
  return json::MakeBatch(values);
}

void Count(benchmark::State& state, const RawBatch& batch) {
  const auto records = static_cast<double>(batch.records.size());
  const auto runs = static_cast<double>(state.iterations());
  state.counters["bytes_per_record"] = static_cast<double>(batch.arena->bytes()) / records;
  state.counters["records/s"] = benchmark::Counter(records * runs, benchmark::Counter::kIsRate);
  state.counters["cpu_s_per_M"] = benchmark::Counter(
      records * runs / 1e6, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
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
