#include "warehouse/copy_encoder.h"

#include <bit>
#include <cstring>
#include <numeric>

#include "warehouse/big_endian.h"
#include "warehouse/calendar.h"
#include "warehouse/decimal_cells.h"
#include "warehouse/json_text.h"

namespace sluice {
namespace {

constexpr int32_t kNull = -1;
constexpr char kJsonbVersion = 1;

// Bytes of a cell of fixed width; 0 for the others.
size_t FixedWidth(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool:
      return 1;
    case TypeKind::kInt:
    case TypeKind::kFloat:
    case TypeKind::kDate:
      return 4;
    case TypeKind::kLong:
    case TypeKind::kDouble:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      return 8;
    case TypeKind::kDecimal:
    case TypeKind::kString:
    case TypeKind::kBinary:
    case TypeKind::kStruct:
    case TypeKind::kList:
      return 0;
  }
  return 0;
}

bool IsText(TypeKind kind) {
  return kind == TypeKind::kString || kind == TypeKind::kBinary;
}

// Writes a column of fixed width; `convert` makes PostgreSQL's integer of DuckDB's cell.
template <typename Cell, typename Convert>
void PlaceFixed(duckdb_vector vector, std::vector<char*>& cursors, size_t rows, Convert convert) {
  const auto* cells = static_cast<const Cell*>(duckdb_vector_get_data(vector));
  const uint64_t* validity = duckdb_vector_get_validity(vector);
  for (size_t row = 0; row < rows; ++row) {
    char* to = cursors[row];
    if (IsValid(validity, row)) {
      const auto value = convert(cells[row]);
      to = PutBigEndian(to, static_cast<int32_t>(sizeof value));
      cursors[row] = PutBigEndian(to, value);
    } else {
      cursors[row] = PutBigEndian(to, kNull);
    }
  }
}

// Writes a column of any width; `cell` returns a row's bytes.
template <typename CellOf>
void PlaceBytes(duckdb_vector vector, std::vector<char*>& cursors, size_t rows, CellOf cell) {
  const uint64_t* validity = duckdb_vector_get_validity(vector);
  for (size_t row = 0; row < rows; ++row) {
    char* to = cursors[row];
    if (IsValid(validity, row)) {
      const std::string_view bytes = cell(row);
      to = PutBigEndian(to, static_cast<int32_t>(bytes.size()));
      std::memcpy(to, bytes.data(), bytes.size());
      cursors[row] = to + bytes.size();
    } else {
      cursors[row] = PutBigEndian(to, kNull);
    }
  }
}

}  // namespace

CopyEncoder::CopyEncoder(const std::vector<Field>& columns)
    : made_(columns.size()), sizes_(kChunkRows), cursors_(kChunkRows) {
  for (const auto& column : columns) types_.push_back(column.type);
}

void CopyEncoder::Encode(const Chunk& chunk, CopyData& to, std::vector<std::string_view>* rows) {
  const size_t count = chunk.rows();
  Measure(chunk);
  char* at = to.Extend(
      std::accumulate(sizes_.begin(), sizes_.begin() + static_cast<long>(count), size_t{0}));
  for (size_t row = 0; row < count; ++row) {
    if (rows != nullptr) rows->emplace_back(at, sizes_[row]);
    cursors_[row] = PutBigEndian(at, static_cast<int16_t>(types_.size()));
    at += sizes_[row];
  }
  for (size_t i = 0; i < types_.size(); ++i) Place(i, chunk.column(i), count);
  to.AddRows(count);
}

void CopyEncoder::Measure(const Chunk& chunk) {
  const size_t rows = chunk.rows();
  size_t common = sizeof(int16_t) + sizeof(int32_t) * types_.size();
  for (const auto& type : types_) common += FixedWidth(type.kind);
  std::fill_n(sizes_.begin(), rows, common);
  for (size_t i = 0; i < types_.size(); ++i) {
    const duckdb_vector vector = chunk.column(i);
    if (IsText(types_[i].kind)) {
      MeasureText(vector, rows);
    } else if (const size_t width = FixedWidth(types_[i].kind); width == 0) {
      MeasureMade(i, vector, rows);
    } else if (const uint64_t* validity = duckdb_vector_get_validity(vector)) {
      for (size_t row = 0; row < rows; ++row) sizes_[row] -= IsValid(validity, row) ? 0 : width;
    }
  }
}

void CopyEncoder::MeasureText(duckdb_vector vector, size_t rows) {
  const auto* cells = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(vector));
  const uint64_t* validity = duckdb_vector_get_validity(vector);
  for (size_t row = 0; row < rows; ++row) {
    if (IsValid(validity, row)) sizes_[row] += cells[row].value.inlined.length;
  }
}

void CopyEncoder::MeasureMade(size_t column, duckdb_vector vector, size_t rows) {
  MadeCells& made = made_[column];
  made.bytes.clear();
  made.ends.clear();
  const uint64_t* validity = duckdb_vector_get_validity(vector);
  for (size_t row = 0; row < rows; ++row) {
    const size_t start = made.bytes.size();
    if (IsValid(validity, row)) MakeCell(types_[column], vector, row, made.bytes);
    made.ends.push_back(made.bytes.size());
    sizes_[row] += made.bytes.size() - start;
  }
}

void CopyEncoder::MakeCell(const Type& type, duckdb_vector vector, size_t row,
                           std::string& to) const {
  if (type.kind == TypeKind::kDecimal) {
    VisitDecimals(type, vector, [&](const auto* cells) {
      AppendNumeric(to, UnscaledOf(cells[row]), type.scale);
    });
  } else {
    to += kJsonbVersion;
    AppendJson(to, type, vector, row);
  }
}

void CopyEncoder::Place(size_t column, duckdb_vector vector, size_t rows) {
  const auto same = [](auto value) { return value; };
  switch (types_[column].kind) {
    case TypeKind::kBool:
      return PlaceFixed<bool>(vector, cursors_, rows, [](bool value) { return char{value}; });
    case TypeKind::kInt:
      return PlaceFixed<int32_t>(vector, cursors_, rows, same);
    // Floats travel as their bits.
    case TypeKind::kFloat:
      return PlaceFixed<int32_t>(vector, cursors_, rows, same);
    case TypeKind::kDate:
      return PlaceFixed<int32_t>(vector, cursors_, rows, ToPgDate);
    case TypeKind::kLong:
      return PlaceFixed<int64_t>(vector, cursors_, rows, same);
    case TypeKind::kDouble:
      return PlaceFixed<int64_t>(vector, cursors_, rows, same);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      return PlaceFixed<int64_t>(vector, cursors_, rows, ToPgTimestamp);
    case TypeKind::kString:
    case TypeKind::kBinary: {
      const auto* cells = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(vector));
      return PlaceBytes(vector, cursors_, rows, [&](size_t row) { return ViewOf(cells[row]); });
    }
    case TypeKind::kDecimal:
    case TypeKind::kStruct:
    case TypeKind::kList: {
      const MadeCells& made = made_[column];
      return PlaceBytes(vector, cursors_, rows, [&](size_t row) {
        const size_t start = row == 0 ? 0 : made.ends[row - 1];
        return std::string_view(made.bytes).substr(start, made.ends[row] - start);
      });
    }
  }
}

}  // namespace sluice
