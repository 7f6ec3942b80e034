#pragma once

#include <memory>
#include <vector>

#include "decode/column.h"
#include "stage/chunk.h"
#include "stage/record.h"

namespace sluice::json {

/// The bronze chunk being written, row by row: the declared columns by RowReader, the rest here.
class BronzeColumns {
 public:
  static Result<std::unique_ptr<BronzeColumns>> Make(const std::vector<Field>& declared,
                                                     bool fold_case);

  /// Takes a fresh chunk of BronzeSchema's layout.
  void Attach(Chunk& chunk);
  /// The declared columns as one struct: its row is the table's.
  Column& declared() { return *declared_; }
  Column& rest() { return *rest_; }
  /// Writes what the message brings besides its value. Header names that are no UTF-8 are copied
  /// to the arena with those bytes escaped.
  void WriteLineage(size_t row, LogId log, const Record& record, Arena& arena);
  void Commit();
  void Undo(size_t row);
  /// Makes the chunk ready to be read with `rows` rows.
  void Finish(Chunk& chunk, size_t rows);

 private:
  BronzeColumns() = default;
  void WriteHeaders(size_t row, const Record& record, Arena& arena);
  template <typename Act>
  void ForEach(Act act);

  std::unique_ptr<Column> declared_, rest_, headers_, key_, timestamp_, log_, partition_, offset_;
  std::vector<Column*> lists_;  // those that are lists or hold some
};

}  // namespace sluice::json
