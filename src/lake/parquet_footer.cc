#include "lake/parquet_footer.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "core/text.h"
#include "stage/chunk.h"
#include "stage/duck.h"

namespace sluice {
namespace {

using Row = std::vector<int64_t>;

// Rows of a query whose columns are all BIGINT and never null.
Result<std::vector<Row>> Integers(duckdb_connection connection, const std::string& sql) {
  SLUICE_ASSIGN(DuckResult result, DuckQuery(connection, sql));
  std::vector<Row> rows;
  while (duckdb_data_chunk raw = duckdb_fetch_chunk(result.get())) {
    const Chunk chunk(raw);
    for (size_t row = 0; row < chunk.rows(); ++row) {
      Row& values = rows.emplace_back();
      for (size_t i = 0; i < chunk.columns(); ++i) {
        if (!IsValid(duckdb_vector_get_validity(chunk.column(i)), row)) {
          return Fail(ErrorKind::kInvariant, "a Parquet footer lacks a number: " + sql);
        }
        values.push_back(static_cast<int64_t*>(duckdb_vector_get_data(chunk.column(i)))[row]);
      }
    }
  }
  return rows;
}

}  // namespace

Result<ParquetFooter> ReadParquetFooter(duckdb_connection connection, const LocalPath& path) {
  const std::string from = fmt::format(" FROM parquet_metadata({}) ", QuoteLiteral(path.value));
  SLUICE_ASSIGN(auto leaves,
                Integers(connection,
                         "SELECT sum(num_values)::BIGINT, sum(stats_null_count)::BIGINT,"
                         " sum(total_compressed_size)::BIGINT" +
                             from + "GROUP BY column_id ORDER BY column_id"));
  SLUICE_ASSIGN(auto groups,
                Integers(connection,
                         "SELECT any_value(row_group_num_rows)::BIGINT,"
                         " min(coalesce(least(dictionary_page_offset, data_page_offset),"
                         " data_page_offset))::BIGINT" +
                             from + "GROUP BY row_group_id ORDER BY row_group_id"));
  ParquetFooter footer;
  for (const Row& leaf : leaves) footer.leaves.push_back({leaf[0], leaf[1], leaf[2]});
  for (const Row& group : groups) {
    footer.rows += group[0];
    footer.split_offsets.push_back(group[1]);
  }
  std::error_code failed;
  footer.size_bytes = static_cast<int64_t>(std::filesystem::file_size(path.value, failed));
  if (failed) return Fail(ErrorKind::kRetryable, "a Parquet file is gone: " + path.value);
  return footer;
}

}  // namespace sluice
