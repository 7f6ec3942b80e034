#include "lake/parquet_footer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>

#include "core/text.h"
#include "stage/chunk.h"
#include "stage/duck.h"

namespace sluice {
namespace {

// One leaf of one row group.
enum Column { kLeaf, kGroup, kValues, kNulls, kBytes, kGroupRows, kStart, kColumns };

constexpr const char* kMetadataSql =
    "SELECT column_id, row_group_id, num_values, stats_null_count, total_compressed_size,"
    " row_group_num_rows, coalesce(least(dictionary_page_offset, data_page_offset),"
    " data_page_offset) FROM parquet_metadata({})";

template <typename T>
T& At(std::vector<T>& items, int64_t index) {
  const auto place = static_cast<size_t>(index);
  if (items.size() <= place) items.resize(place + 1);
  return items[place];
}

void AddChunk(const Chunk& chunk, ParquetFooter& footer, std::vector<int64_t>& group_rows) {
  const auto value = [&](Column column, size_t row) {
    return static_cast<const int64_t*>(duckdb_vector_get_data(chunk.column(column)))[row];
  };
  for (size_t row = 0; row < chunk.rows(); ++row) {
    ParquetFooter::Leaf& leaf = At(footer.leaves, value(kLeaf, row));
    leaf.values += value(kValues, row);
    leaf.nulls += value(kNulls, row);
    leaf.size_bytes += value(kBytes, row);
    At(group_rows, value(kGroup, row)) = value(kGroupRows, row);
    int64_t& start = At(footer.split_offsets, value(kGroup, row));
    start = start == 0 ? value(kStart, row) : std::min(start, value(kStart, row));
  }
}

bool LacksNumber(const Chunk& chunk) {
  for (size_t i = 0; i < chunk.columns(); ++i) {
    const uint64_t* validity = duckdb_vector_get_validity(chunk.column(i));
    for (size_t row = 0; row < chunk.rows(); ++row) {
      if (!IsValid(validity, row)) return true;
    }
  }
  return chunk.columns() != kColumns;
}

}  // namespace

Result<ParquetFooter> ReadParquetFooter(duckdb_connection connection, const LocalPath& path) {
  SLUICE_ASSIGN(DuckResult result,
                DuckQuery(connection, fmt::format(kMetadataSql, QuoteLiteral(path.value))));
  ParquetFooter footer;
  std::vector<int64_t> group_rows;
  while (duckdb_data_chunk raw = duckdb_fetch_chunk(result.get())) {
    const Chunk chunk(raw);
    if (LacksNumber(chunk)) {
      return Fail(ErrorKind::kInvariant, "a Parquet footer lacks a number: " + path.value);
    }
    AddChunk(chunk, footer, group_rows);
  }
  for (const int64_t rows : group_rows) footer.rows += rows;
  std::error_code failed;
  footer.size_bytes = static_cast<int64_t>(std::filesystem::file_size(path.value, failed));
  if (failed) return Fail(ErrorKind::kRetryable, "a Parquet file is gone: " + path.value);
  return footer;
}

}  // namespace sluice
