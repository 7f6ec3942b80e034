#include "stage/chunk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "stage/duck.h"

namespace sluice {
namespace {

// An empty chunk with the types of some columns of another.
duckdb_data_chunk LikeColumns(duckdb_data_chunk model, size_t first, size_t count) {
  std::vector<DuckType> owned;
  std::vector<duckdb_logical_type> types;
  for (size_t i = first; i < first + count; ++i) {
    owned.emplace_back(duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(model, i)));
    types.push_back(owned.back().get());
  }
  return duckdb_create_data_chunk(types.data(), types.size());
}

}  // namespace

Chunk Chunk::Make(const Schema& schema) {
  std::vector<DuckType> owned;
  std::vector<duckdb_logical_type> types;
  for (const auto& field : schema.fields) {
    owned.push_back(ToDuckType(field.type));
    types.push_back(owned.back().get());
  }
  return Chunk(duckdb_create_data_chunk(types.data(), types.size()));
}

Chunk::Chunk(Chunk&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}

Chunk& Chunk::operator=(Chunk&& other) noexcept {
  std::swap(chunk_, other.chunk_);
  return *this;
}

Chunk::~Chunk() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
}

Chunk Chunk::Select(std::span<const uint32_t> keep) const {
  Chunk selected(LikeColumns(chunk_, 0, columns()));
  const DuckSelection selection(duckdb_create_selection_vector(kChunkRows));
  std::copy(keep.begin(), keep.end(), duckdb_selection_vector_get_data_ptr(selection.get()));
  for (size_t i = 0; i < columns(); ++i) {
    duckdb_vector_copy_sel(column(i), selected.column(i), selection.get(), keep.size(), 0, 0);
  }
  selected.SetRows(keep.size());
  return selected;
}

Chunk Chunk::Columns(size_t first, size_t count) const {
  Chunk shared(LikeColumns(chunk_, first, count));
  for (size_t i = 0; i < count; ++i) {
    duckdb_vector_reference_vector(shared.column(i), column(first + i));
  }
  shared.SetRows(rows());
  return shared;
}

LineageView LineageOf(const Chunk& chunk) {
  const size_t first = chunk.columns() - kLineageColumns;
  const auto data = [&](size_t i) { return duckdb_vector_get_data(chunk.column(first + i)); };
  return {static_cast<const int64_t*>(data(0)), duckdb_vector_get_validity(chunk.column(first)),
          static_cast<const int32_t*>(data(1)), static_cast<const int32_t*>(data(2)),
          static_cast<const int64_t*>(data(3))};
}

void CopyValidity(duckdb_vector from, duckdb_vector to, size_t rows) {
  const uint64_t* mask = duckdb_vector_get_validity(from);
  if (mask == nullptr) return;
  duckdb_vector_ensure_validity_writable(to);
  std::memcpy(duckdb_vector_get_validity(to), mask, (rows + 63) / 64 * sizeof(uint64_t));
}

size_t RowCount(const Chunks& chunks) {
  size_t rows = 0;
  for (const auto& chunk : chunks) rows += chunk.rows();
  return rows;
}

}  // namespace sluice
