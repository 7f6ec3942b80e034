#pragma once

#include <string>
#include <vector>

#include "source/csv.h"
#include "stage/schema.h"

namespace sluice {

/// Writes CSV rows as JSON objects: the header's names in their order, numbers with their original
/// text, missing values as null. A value that does not fit its column's type stays a string, so
/// that the decoder can tell what is wrong with it.
class CsvJson {
 public:
  /// `columns` has one field for each column of the file.
  explicit CsvJson(const std::vector<Field>& columns);
  /// Appends one object, without a line end.
  void Append(const std::vector<CsvField>& row, std::string& out) const;

 private:
  enum class Kind { kNumber, kBool, kText };
  struct Column {
    std::string prefix;  // `{"Book":` or `,"Genre":`
    Kind kind;
  };
  std::vector<Column> columns_;
};

}  // namespace sluice
