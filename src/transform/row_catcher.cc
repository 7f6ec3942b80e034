#include "transform/row_catcher.h"

#include <fmt/format.h>

#include <cstring>
#include <numeric>
#include <vector>

namespace sluice {
namespace {

using StatePtr = std::shared_ptr<RowCatcher::State>;

void DeleteState(void* owned) {
  delete static_cast<StatePtr*>(owned);
}

// Consecutive rows to copy.
struct Run {
  size_t start;
  size_t rows;
};
using Runs = std::vector<Run>;

Runs RunsOf(const bool* keep, const uint64_t* validity, size_t rows) {
  Runs runs;
  for (size_t row = 0; row < rows; ++row) {
    if (!IsValid(validity, row) || !keep[row]) continue;
    if (runs.empty() || runs.back().start + runs.back().rows != row) runs.push_back({row, 0});
    ++runs.back().rows;
  }
  return runs;
}

size_t RowsOf(const Runs& runs) {
  size_t rows = 0;
  for (const Run& run : runs) rows += run.rows;
  return rows;
}

void CopyTexts(duckdb_vector from, duckdb_vector to, const Runs& runs, Arena& arena) {
  const auto* texts = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(from));
  auto* copy = static_cast<duckdb_string_t*>(duckdb_vector_get_data(to));
  const uint64_t* mask = duckdb_vector_get_validity(from);
  for (const Run& run : runs) {
    for (size_t row = run.start; row < run.start + run.rows; ++row, ++copy) {
      if (!IsValid(mask, row)) continue;
      *copy = texts[row];
      const std::string_view text = ViewOf(texts[row]);
      if (text.size() <= sizeof copy->value.inlined.inlined || arena.Owns(text)) continue;
      copy->value.pointer.ptr = const_cast<char*>(arena.Copy(text).data());
    }
  }
}

void CopyNested(duckdb_vector from, duckdb_vector to, const Runs& runs) {
  const size_t rows = RowsOf(runs);
  const DuckSelection picked(duckdb_create_selection_vector(rows));
  sel_t* pick = duckdb_selection_vector_get_data_ptr(picked.get());
  for (const Run& run : runs) {
    std::iota(pick, pick + run.rows, static_cast<sel_t>(run.start));
    pick += run.rows;
  }
  duckdb_vector_copy_sel(from, to, picked.get(), rows, 0, 0);
}

void CopyFixed(duckdb_vector from, duckdb_vector to, const Runs& runs, size_t bytes) {
  const auto* values = static_cast<const char*>(duckdb_vector_get_data(from));
  auto* copy = static_cast<char*>(duckdb_vector_get_data(to));
  for (const Run& run : runs) {
    std::memcpy(copy, values + run.start * bytes, run.rows * bytes);
    copy += run.rows * bytes;
  }
}

void CopyNulls(duckdb_vector from, duckdb_vector to, const Runs& runs) {
  const uint64_t* mask = duckdb_vector_get_validity(from);
  if (mask == nullptr) return;
  if (runs.size() == 1 && runs[0].start == 0) return CopyValidity(from, to, runs[0].rows);
  duckdb_vector_ensure_validity_writable(to);
  uint64_t* copy = duckdb_vector_get_validity(to);
  size_t at = 0;
  for (const Run& run : runs) {
    for (size_t row = run.start; row < run.start + run.rows; ++row, ++at) {
      if (!IsValid(mask, row)) duckdb_validity_set_row_invalid(copy, at);
    }
  }
}

void CopyColumn(const Type& type, duckdb_vector from, duckdb_vector to, const Runs& runs,
                Arena& arena) {
  if (type.kind == TypeKind::kStruct || type.kind == TypeKind::kList) {
    return CopyNested(from, to, runs);
  }
  CopyNulls(from, to, runs);
  if (type.kind == TypeKind::kString || type.kind == TypeKind::kBinary) {
    return CopyTexts(from, to, runs, arena);
  }
  CopyFixed(from, to, runs, StoredBytes(type));
}

Runs Wanted(const RowCatcher::State& state, duckdb_data_chunk rows) {
  const size_t count = duckdb_data_chunk_get_size(rows);
  if (state.which == CaughtRows::kAll) return {{0, count}};
  const duckdb_vector keep = duckdb_data_chunk_get_vector(rows, state.layout.fields.size());
  return RunsOf(static_cast<const bool*>(duckdb_vector_get_data(keep)),
                duckdb_vector_get_validity(keep), count);
}

void Catch(duckdb_function_info info, duckdb_data_chunk rows, duckdb_vector output) {
  auto& state = **static_cast<StatePtr*>(duckdb_scalar_function_get_extra_info(info));
  std::memset(duckdb_vector_get_data(output), 1, duckdb_data_chunk_get_size(rows));
  const Runs wanted = Wanted(state, rows);
  if (RowsOf(wanted) == 0) return;
  Chunk& caught = state.caught.emplace_back(Chunk::Make(state.layout));
  for (size_t i = 0; i < state.layout.fields.size(); ++i) {
    CopyColumn(state.layout.fields[i].type, duckdb_data_chunk_get_vector(rows, i), caught.column(i),
               wanted, *state.arena);
  }
  caught.SetRows(RowsOf(wanted));
}

}  // namespace

Result<std::unique_ptr<RowCatcher>> RowCatcher::Make(duckdb_connection connection,
                                                     const std::string& name, const Schema& layout,
                                                     CaughtRows which) {
  auto state = std::make_shared<State>(State{layout, which});
  const DuckScalarFunction function(duckdb_create_scalar_function());
  duckdb_scalar_function_set_name(function.get(), name.c_str());
  for (const Field& field : layout.fields) {
    duckdb_scalar_function_add_parameter(function.get(), ToDuckType(field.type).get());
  }
  const DuckType truth(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
  if (which == CaughtRows::kWhereTrue) {
    duckdb_scalar_function_add_parameter(function.get(), truth.get());
  }
  duckdb_scalar_function_set_return_type(function.get(), truth.get());
  duckdb_scalar_function_set_volatile(function.get());
  duckdb_scalar_function_set_special_handling(function.get());  // rows with nulls, too
  duckdb_scalar_function_set_extra_info(function.get(), new StatePtr(state), DeleteState);
  duckdb_scalar_function_set_function(function.get(), Catch);
  if (duckdb_register_scalar_function(connection, function.get()) != DuckDBSuccess) {
    return Fail(ErrorKind::kFatal, fmt::format("DuckDB refused the function {}", name));
  }
  return std::unique_ptr<RowCatcher>(new RowCatcher(std::move(state)));
}

void RowCatcher::Begin(Arena& arena) {
  state_->arena = &arena;
  state_->caught.clear();
}

std::string CatchSql(const std::string& name, const std::string& sql, size_t columns) {
  std::string names;
  for (size_t i = 0; i < columns; ++i) names += fmt::format("{}c{}", i > 0 ? ", " : "", i);
  return fmt::format("SELECT {}({}) FROM ({}) AS caught({})", name, names, sql, names);
}

}  // namespace sluice
