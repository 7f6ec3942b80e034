#pragma once

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec.h"
#include "decode/testing.h"

namespace sluice {

// What the micro-benchmarks share: books-like records of about 190 bytes.

inline constexpr size_t kRecords = 50'000;

inline BronzeSpec BooksSpec() {
  BronzeSpec spec;
  spec.columns = {{"Book", {.kind = TypeKind::kString}},
                  {"Author(s)", {.kind = TypeKind::kString}},
                  {"Original language", {.kind = TypeKind::kString}},
                  {"First published", {.kind = TypeKind::kInt}},
                  {"Approximate sales in millions", {.kind = TypeKind::kDouble}},
                  {"Genre", {.kind = TypeKind::kString}}};
  return spec;
}

inline std::string Book(size_t number, std::string_view more = "") {
  return fmt::format(
      R"x({{"Book": "The Lion, the Witch and the Wardrobe {}", "Author(s)": "C. S. Lewis", )x"
      R"x("Original language": "English", "First published": {}, )x"
      R"x("Approximate sales in millions": {}.{}, "Genre": "Fantasy, Children's fiction"{}}})x",
      number, 1800 + number % 220, number % 200, number % 10, more);
}

/// The first lines of the file that SLUICE_BENCH_LINES names, if it does.
inline std::vector<std::string> GivenLines() {
  std::vector<std::string> lines;
  if (const char* path = std::getenv("SLUICE_BENCH_LINES")) {
    std::ifstream file(path);
    for (std::string line; lines.size() < kRecords && std::getline(file, line);)
      lines.push_back(line);
  }
  return lines;
}

/// So many records: the given lines, then made ones; with `more` in each, made ones only.
inline RawBatch MakeBooks(std::string_view more = "", size_t records = kRecords) {
  std::vector<std::string> values;
  if (more.empty()) values = GivenLines();
  for (size_t i = values.size(); i < records; ++i) values.push_back(Book(i, more));
  values.resize(records);
  return json::MakeBatch(values);
}

/// Reports a station's speed: rows a second, and CPU seconds for a million of them.
inline void CountRows(benchmark::State& state, size_t rows_a_run) {
  const double rows = static_cast<double>(rows_a_run) * static_cast<double>(state.iterations());
  state.counters["records/s"] = benchmark::Counter(rows, benchmark::Counter::kIsRate);
  state.counters["cpu_s_per_M"] =
      benchmark::Counter(rows / 1e6, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace sluice
