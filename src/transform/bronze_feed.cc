#include "transform/bronze_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

using StatePtr = std::shared_ptr<BronzeFeed::State>;

// One run of the function: which columns, and how far it is.
struct Scan {
  std::vector<idx_t> columns;
  size_t chunk = 0;
  size_t chunk_start = 0;  // number of the chunk's first row
  size_t taken = 0;        // of `only`
};

template <typename T>
void Delete(void* owned) {
  delete static_cast<T*>(owned);
}

void Bind(duckdb_bind_info info) {
  const auto& state = **static_cast<StatePtr*>(duckdb_bind_get_extra_info(info));
  for (const auto& field : state.schema.fields) {
    const DuckType type = ToDuckType(field.type);
    duckdb_bind_add_result_column(info, field.name.c_str(), type.get());
  }
}

void Init(duckdb_init_info info) {
  auto scan = std::make_unique<Scan>();
  const idx_t count = duckdb_init_get_column_count(info);
  for (idx_t i = 0; i < count; ++i) {
    scan->columns.push_back(duckdb_init_get_column_index(info, i));
  }
  duckdb_init_set_init_data(info, scan.release(), Delete<Scan>);
}

void ShareNextChunk(const BronzeFeed::State& state, Scan& scan, duckdb_data_chunk output) {
  while (scan.chunk < state.bronze.size() && state.bronze[scan.chunk].rows() == 0) ++scan.chunk;
  if (scan.chunk == state.bronze.size()) return duckdb_data_chunk_set_size(output, 0);
  const Chunk& chunk = state.bronze[scan.chunk++];
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    duckdb_vector_reference_vector(duckdb_data_chunk_get_vector(output, i),
                                   chunk.column(scan.columns[i]));
  }
  duckdb_data_chunk_set_size(output, chunk.rows());
}

// Copies the wanted rows of the next chunk that has some.
void CopyNextRows(const BronzeFeed::State& state, Scan& scan, duckdb_data_chunk output) {
  const auto wanted = state.only->subspan(scan.taken);
  if (wanted.empty()) return duckdb_data_chunk_set_size(output, 0);
  while (wanted[0] >= scan.chunk_start + state.bronze[scan.chunk].rows()) {
    scan.chunk_start += state.bronze[scan.chunk++].rows();
  }
  const Chunk& chunk = state.bronze[scan.chunk];
  const DuckSelection selection(duckdb_create_selection_vector(kChunkRows));
  sel_t* picks = duckdb_selection_vector_get_data_ptr(selection.get());
  size_t count = 0;
  while (count < wanted.size() && wanted[count] < scan.chunk_start + chunk.rows()) {
    picks[count] = static_cast<sel_t>(wanted[count] - scan.chunk_start);
    ++count;
  }
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    duckdb_vector_copy_sel(chunk.column(scan.columns[i]), duckdb_data_chunk_get_vector(output, i),
                           selection.get(), count, 0, 0);
  }
  duckdb_data_chunk_set_size(output, count);
  scan.taken += count;
}

void Produce(duckdb_function_info info, duckdb_data_chunk output) {
  const auto& state = **static_cast<StatePtr*>(duckdb_function_get_extra_info(info));
  auto& scan = *static_cast<Scan*>(duckdb_function_get_init_data(info));
  if (state.only) {
    CopyNextRows(state, scan, output);
  } else {
    ShareNextChunk(state, scan, output);
  }
}

}  // namespace

Result<std::unique_ptr<BronzeFeed>> BronzeFeed::Make(duckdb_connection connection,
                                                     const std::string& name,
                                                     const Schema& schema) {
  auto state = std::make_shared<State>(State{schema, {}, {}});
  const DuckTableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), name.c_str());
  duckdb_table_function_set_extra_info(function.get(), new StatePtr(state), Delete<StatePtr>);
  duckdb_table_function_set_bind(function.get(), Bind);
  duckdb_table_function_set_init(function.get(), Init);
  duckdb_table_function_set_function(function.get(), Produce);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) != DuckDBSuccess) {
    return Fail(ErrorKind::kFatal, fmt::format("DuckDB refused the table function {}", name));
  }
  return std::unique_ptr<BronzeFeed>(new BronzeFeed(std::move(state)));
}

void BronzeFeed::Offer(std::span<const Chunk> bronze) {
  state_->bronze = bronze;
  state_->only.reset();
}

void BronzeFeed::OfferOnly(std::span<const uint32_t> rows) {
  state_->only = rows;
}

}  // namespace sluice
