#pragma once

#include <duckdb.h>

#include <cstdint>
#include <span>
#include <vector>

#include "core/types.h"
#include "stage/schema.h"

namespace sluice {

/// Rows of a chunk are at most this many (DuckDB's vector size, checked at start).
inline constexpr size_t kChunkRows = 2048;

/// Up to kChunkRows rows in columns: the currency between stations. Owns its DuckDB chunk; strings
/// may point into a RawBatch's arena, which must outlive it (RowBatch keeps both).
class Chunk {
 public:
  /// An empty, writable chunk with room for kChunkRows rows.
  static Chunk Make(const Schema& schema);
  /// Takes a chunk that DuckDB gave out.
  explicit Chunk(duckdb_data_chunk owned) : chunk_(owned) {}
  Chunk(Chunk&& other) noexcept;
  Chunk& operator=(Chunk&& other) noexcept;
  ~Chunk();

  size_t rows() const { return duckdb_data_chunk_get_size(chunk_); }
  size_t columns() const { return duckdb_data_chunk_get_column_count(chunk_); }
  duckdb_vector column(size_t index) const { return duckdb_data_chunk_get_vector(chunk_, index); }
  void SetRows(size_t rows) { duckdb_data_chunk_set_size(chunk_, rows); }
  duckdb_data_chunk get() const { return chunk_; }

  /// Returns the rows at `keep` (ascending, each below rows()), flat copies; strings are copied
  /// into the new chunk.
  Chunk Select(std::span<const uint32_t> keep) const;
  /// Returns a chunk of the columns [first, first + count) that shares their buffers.
  Chunk Columns(size_t first, size_t count) const;

 private:
  duckdb_data_chunk chunk_ = nullptr;
};

using Chunks = std::vector<Chunk>;

/// Direct views of a chunk's last four columns (flat vectors); valid while the chunk lives.
struct LineageView {
  const int64_t* timestamp_us;         ///< read only where timestamp_valid says so
  const uint64_t* timestamp_validity;  ///< DuckDB's bit mask, null when all are valid
  const int32_t* log;
  const int32_t* partition;
  const int64_t* offset;
};
LineageView LineageOf(const Chunk& chunk);

/// Returns whether row `row` of a validity mask (null: all valid) holds a value.
inline bool IsValid(const uint64_t* validity, size_t row) {
  return validity == nullptr || (validity[row / 64] >> (row % 64) & 1) != 0;
}

/// Returns the bytes of a DuckDB string; valid as long as the vector (short ones are inside `text`,
/// so `text` must be the vector's own element, never a copy).
inline std::string_view ViewOf(const duckdb_string_t& text) {
  const uint32_t length = text.value.inlined.length;
  return {length <= 12 ? text.value.inlined.inlined : text.value.pointer.ptr, length};
}

/// Marks as NULL in `to` what is NULL in the first `rows` of `from`.
void CopyValidity(duckdb_vector from, duckdb_vector to, size_t rows);

/// Returns the sum of rows.
size_t RowCount(const Chunks& chunks);

}  // namespace sluice
