#include "warehouse/json_text.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "warehouse/calendar.h"
#include "warehouse/decimal_cells.h"
#include "warehouse/numeric.h"

namespace sluice {
namespace {

template <typename T>
const T& At(duckdb_vector vector, size_t row) {
  return static_cast<const T*>(duckdb_vector_get_data(vector))[row];
}

void AppendString(std::string& to, std::string_view text) {
  to += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      to += c;
    }
  }
  to += '"';
}

void AppendHex(std::string& to, std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  to += "\"\\\\x";
  for (const char c : bytes) {
    to += kHex[static_cast<unsigned char>(c) >> 4];
    to += kHex[static_cast<unsigned char>(c) & 0xF];
  }
  to += '"';
}

template <typename T>
void AppendFloat(std::string& to, T value) {
  if (std::isnan(value)) {
    to += "\"NaN\"";
  } else if (std::isinf(value)) {
    to += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    fmt::format_to(std::back_inserter(to), "{}", value);
  }
}

void AppendStruct(std::string& to, const Type& type, duckdb_vector vector, size_t row) {
  char before = '{';
  for (size_t i = 0; i < type.children.size(); ++i) {
    to += before;
    AppendString(to, type.children[i].name);
    to += ':';
    AppendJson(to, type.children[i].type, duckdb_struct_vector_get_child(vector, i), row);
    before = ',';
  }
  to += '}';
}

void AppendList(std::string& to, const Type& type, duckdb_vector vector, size_t row) {
  const auto& entry = At<duckdb_list_entry>(vector, row);
  const duckdb_vector child = duckdb_list_vector_get_child(vector);
  to += '[';
  for (uint64_t i = 0; i < entry.length; ++i) {
    if (i > 0) to += ',';
    AppendJson(to, type.children[0].type, child, entry.offset + i);
  }
  to += ']';
}

}  // namespace

void AppendJson(std::string& to, const Type& type, duckdb_vector vector, size_t row) {
  if (!IsValid(duckdb_vector_get_validity(vector), row)) {
    to += "null";
    return;
  }
  switch (type.kind) {
    case TypeKind::kBool:
      to += At<bool>(vector, row) ? "true" : "false";
      break;
    case TypeKind::kInt:
      to += std::to_string(At<int32_t>(vector, row));
      break;
    case TypeKind::kLong:
      to += std::to_string(At<int64_t>(vector, row));
      break;
    case TypeKind::kFloat:
      AppendFloat(to, At<float>(vector, row));
      break;
    case TypeKind::kDouble:
      AppendFloat(to, At<double>(vector, row));
      break;
    case TypeKind::kDecimal:
      VisitDecimals(type, vector, [&](const auto* cells) {
        AppendDecimalText(to, UnscaledOf(cells[row]), type.scale);
      });
      break;
    case TypeKind::kString:
      AppendString(to, ViewOf(At<duckdb_string_t>(vector, row)));
      break;
    case TypeKind::kBinary:
      AppendHex(to, ViewOf(At<duckdb_string_t>(vector, row)));
      break;
    case TypeKind::kDate:
      to += '"';
      AppendDateText(to, At<int32_t>(vector, row));
      to += '"';
      break;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      to += '"';
      AppendTimestampText(to, At<int64_t>(vector, row), type.kind == TypeKind::kTimestampTz);
      to += '"';
      break;
    case TypeKind::kStruct:
      AppendStruct(to, type, vector, row);
      break;
    case TypeKind::kList:
      AppendList(to, type, vector, row);
      break;
  }
}

}  // namespace sluice
