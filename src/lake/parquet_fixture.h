#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lake/parquet_writer.h"
#include "lake/table_schema.h"
#include "stage/chunk.h"
#include "stage/duck.h"

namespace sluice {

/// For tests: a folder that goes with its scope.
class TempFolder {
 public:
  TempFolder() : path_(std::filesystem::temp_directory_path() / "sluice-parquet-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  size_t Files() const {
    const std::filesystem::recursive_directory_iterator files(path_);
    return static_cast<size_t>(std::count_if(
        begin(files), end(files), [](const auto& entry) { return entry.is_regular_file(); }));
  }

 private:
  std::string path_;
};

/// For tests: numbers fields depth-first from `next`.
inline IcebergField Numbered(const Field& field, int32_t& next) {
  IcebergField numbered{.id = next++, .name = field.name, .type = field.type};
  for (const auto& child : field.type.children) numbered.children.push_back(Numbered(child, next));
  return numbered;
}

/// For tests: a schema from names and types as the pipeline file spells them.
inline IcebergSchema SchemaOf(const std::vector<std::pair<std::string, std::string>>& columns) {
  IcebergSchema schema;
  int32_t next = 1;
  for (const auto& [name, type] : columns) {
    schema.fields.push_back(Numbered({name, ParseType(type).value()}, next));
  }
  return schema;
}

/// For tests: a DuckDB and what its SQL makes.
class Duck {
 public:
  Duck() : engine_(DuckEngine::Make().value()), connection_(engine_->Connect().value()) {}
  DuckEngine& engine() { return *engine_; }

  Chunks Rows(const std::string& sql) {
    auto result = DuckQuery(connection_.get(), sql);
    if (!result) ADD_FAILURE() << result.error().message;
    Chunks chunks;
    while (duckdb_data_chunk chunk = result ? duckdb_fetch_chunk(result->get()) : nullptr) {
      chunks.emplace_back(chunk);
    }
    return chunks;
  }
  /// Rows that a batch would own.
  std::shared_ptr<const Chunks> Batch(const std::string& sql) {
    return std::make_shared<const Chunks>(Rows(sql));
  }
  /// The only value of the only row, as text.
  std::string Value(const std::string& sql) {
    const Chunks rows = Rows("SELECT coalesce((" + sql + ")::VARCHAR, 'NULL')");
    if (rows.empty()) return "no row";
    const auto* texts =
        static_cast<const duckdb_string_t*>(duckdb_vector_get_data(rows[0].column(0)));
    return std::string(ViewOf(texts[0]));
  }

 private:
  std::unique_ptr<DuckEngine> engine_;
  DuckConnectionHandle connection_;
};

}  // namespace sluice
