#include "transform/row_catcher.h"

#include <fmt/format.h>

#include <cstring>

namespace sluice {
namespace {

using StatePtr = std::shared_ptr<RowCatcher::State>;

void DeleteState(void* owned) {
  delete static_cast<StatePtr*>(owned);
}

void CopyTexts(duckdb_vector from, duckdb_vector to, size_t rows, Arena& arena) {
  const auto* texts = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(from));
  auto* copies = static_cast<duckdb_string_t*>(duckdb_vector_get_data(to));
  const uint64_t* mask = duckdb_vector_get_validity(from);
  for (size_t row = 0; row < rows; ++row) {
    if (!IsValid(mask, row)) continue;
    copies[row] = texts[row];
    const std::string_view text = ViewOf(texts[row]);
    if (text.size() <= sizeof texts[row].value.inlined.inlined || arena.Owns(text)) continue;
    copies[row].value.pointer.ptr = const_cast<char*>(arena.Copy(text).data());
  }
}

void CopyNested(duckdb_vector from, duckdb_vector to, size_t rows) {
  const DuckSelection all(duckdb_create_selection_vector(rows));
  for (size_t row = 0; row < rows; ++row) {
    duckdb_selection_vector_get_data_ptr(all.get())[row] = static_cast<sel_t>(row);
  }
  duckdb_vector_copy_sel(from, to, all.get(), rows, 0, 0);
}

void CopyColumn(const Type& type, duckdb_vector from, duckdb_vector to, size_t rows, Arena& arena) {
  if (type.kind == TypeKind::kStruct || type.kind == TypeKind::kList) {
    return CopyNested(from, to, rows);
  }
  CopyValidity(from, to, rows);
  if (type.kind == TypeKind::kString || type.kind == TypeKind::kBinary) {
    return CopyTexts(from, to, rows, arena);
  }
  std::memcpy(duckdb_vector_get_data(to), duckdb_vector_get_data(from), rows * StoredBytes(type));
}

void Catch(duckdb_function_info info, duckdb_data_chunk rows, duckdb_vector output) {
  auto& state = **static_cast<StatePtr*>(duckdb_scalar_function_get_extra_info(info));
  const size_t count = duckdb_data_chunk_get_size(rows);
  Chunk& caught = state.caught.emplace_back(Chunk::Make(state.layout));
  for (size_t i = 0; i < state.layout.fields.size(); ++i) {
    CopyColumn(state.layout.fields[i].type, duckdb_data_chunk_get_vector(rows, i), caught.column(i),
               count, *state.arena);
  }
  caught.SetRows(count);
  std::memset(duckdb_vector_get_data(output), 1, count);
}

}  // namespace

Result<std::unique_ptr<RowCatcher>> RowCatcher::Make(duckdb_connection connection,
                                                     const std::string& name,
                                                     const Schema& layout) {
  auto state = std::make_shared<State>(State{layout});
  const DuckScalarFunction function(duckdb_create_scalar_function());
  duckdb_scalar_function_set_name(function.get(), name.c_str());
  for (const Field& field : layout.fields) {
    duckdb_scalar_function_add_parameter(function.get(), ToDuckType(field.type).get());
  }
  const DuckType truth(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
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
