#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stage/chunk.h"
#include "stage/schema.h"
#include "warehouse/copy_data.h"

namespace sluice {

/// Turns chunks into rows of COPY BINARY. Works column by column: first the sizes of all rows, then
/// each column's cells into the rows' places. One thread; keeps only scratch memory.
class CopyEncoder {
 public:
  explicit CopyEncoder(const std::vector<Field>& columns);

  /// Appends the chunk's rows, each as one piece, in order. With `rows`, tells where each lies.
  void Encode(const Chunk& chunk, CopyData& to, std::vector<std::string_view>* rows = nullptr);

 private:
  /// Cells whose bytes are made before they are placed (numeric, jsonb), one after the other.
  struct MadeCells {
    std::string bytes;
    std::vector<size_t> ends;
  };

  void Measure(const Chunk& chunk);
  void MeasureText(duckdb_vector vector, size_t rows);
  void MeasureMade(size_t column, duckdb_vector vector, size_t rows);
  void MakeCell(const Type& type, duckdb_vector vector, size_t row, std::string& to) const;
  void Place(size_t column, duckdb_vector vector, size_t rows);

  std::vector<Type> types_;
  std::vector<MadeCells> made_;
  std::vector<size_t> sizes_;
  std::vector<char*> cursors_;
};

}  // namespace sluice
