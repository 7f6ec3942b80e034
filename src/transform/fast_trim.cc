#include "transform/fast_trim.h"

#include <cstdint>
#include <cstring>

#include "stage/chunk.h"

namespace sluice {
namespace {

// Returns whether three bytes are one of U+1680, U+2000–200A, U+202F, U+205F, U+3000.
bool IsWideSpace(std::string_view bytes) {
  if (bytes == "\xE1\x9A\x80" || bytes == "\xE3\x80\x80" || bytes == "\xE2\x81\x9F") return true;
  const auto last = static_cast<uint8_t>(bytes[2]);
  return bytes.starts_with("\xE2\x80") && (last <= 0x8A || last == 0xAF);
}

bool IsAscii(char byte) {
  return static_cast<uint8_t>(byte) < 0x80;
}

// Returns the bytes of the space that `text` begins with, or 0.
size_t LeadingSpace(std::string_view text) {
  if (text.empty()) return 0;
  if (IsAscii(text.front())) return text.front() == ' ' ? 1 : 0;
  if (text.starts_with("\xC2\xA0")) return 2;
  return text.size() >= 3 && IsWideSpace(text.substr(0, 3)) ? 3 : 0;
}

size_t TrailingSpace(std::string_view text) {
  if (text.empty()) return 0;
  if (IsAscii(text.back())) return text.back() == ' ' ? 1 : 0;
  if (text.ends_with("\xC2\xA0")) return 2;
  return text.size() >= 3 && IsWideSpace(text.substr(text.size() - 3)) ? 3 : 0;
}

// Points into the argument's own bytes: the rows at hand outlive what is computed of them, and
// DuckDB copies what it gives out.
duckdb_string_t Share(std::string_view text) {
  duckdb_string_t shared{};
  shared.value.pointer.length = static_cast<uint32_t>(text.size());
  if (text.size() <= sizeof shared.value.inlined.inlined) {
    std::memcpy(shared.value.inlined.inlined, text.data(), text.size());
  } else {
    std::memcpy(shared.value.pointer.prefix, text.data(), sizeof shared.value.pointer.prefix);
    shared.value.pointer.ptr = const_cast<char*>(text.data());
  }
  return shared;
}

void TrimColumn(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  const idx_t rows = duckdb_data_chunk_get_size(input);
  const duckdb_vector texts = duckdb_data_chunk_get_vector(input, 0);
  const auto* data = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(texts));
  const uint64_t* validity = duckdb_vector_get_validity(texts);
  auto* results = static_cast<duckdb_string_t*>(duckdb_vector_get_data(output));
  CopyValidity(texts, output, rows);
  for (idx_t row = 0; row < rows; ++row) {
    if (!IsValid(validity, row)) continue;
    results[row] = Share(TrimSpaces(ViewOf(data[row])));
  }
}

}  // namespace

std::string_view TrimSpaces(std::string_view text) {
  while (const size_t space = LeadingSpace(text)) text.remove_prefix(space);
  while (const size_t space = TrailingSpace(text)) text.remove_suffix(space);
  return text;
}

Status RegisterFastTrim(duckdb_connection connection) {
  const DuckScalarFunction function(duckdb_create_scalar_function());
  const DuckType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  duckdb_scalar_function_set_name(function.get(), kFastTrim.data());
  duckdb_scalar_function_add_parameter(function.get(), text.get());
  duckdb_scalar_function_set_return_type(function.get(), text.get());
  duckdb_scalar_function_set_function(function.get(), TrimColumn);
  if (duckdb_register_scalar_function(connection, function.get()) != DuckDBSuccess) {
    return Fail(ErrorKind::kFatal, "DuckDB refused the function sluice_trim");
  }
  return {};
}

}  // namespace sluice
