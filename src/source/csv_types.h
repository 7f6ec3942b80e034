#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "source/csv.h"
#include "stage/schema.h"

namespace sluice {

/// Guesses column types from the values seen: int, long, double or string. Only what JSON calls a
/// number is one: `007`, `+1`, `.5` and ` 1` stay strings, and so do integers beyond 64 bits.
/// Missing values say nothing, nor does `NaN`; a column without a value is a string.
class CsvTypes {
 public:
  explicit CsvTypes(size_t columns) : columns_(columns) {}
  void Add(const std::vector<CsvField>& row);
  /// Returns one field for each header name.
  std::vector<Field> Guess(const std::vector<std::string>& header) const;

 private:
  struct Seen {
    bool number = false, text = false, fraction = false, wide = false;
  };
  std::vector<Seen> columns_;
};

/// Reads up to `max_rows` rows and guesses. FailsWith kBadInput as CsvReader does.
Result<std::vector<Field>> GuessCsvTypes(const std::string& path, CsvOptions options = {},
                                         int64_t max_rows = INT64_MAX);

/// Returns whether JSON's grammar calls the text a number.
bool IsJsonNumber(std::string_view text);

/// Returns whether the text is a spelling of a missing number: `NaN`, `nan` or `NAN`.
bool IsNanText(std::string_view text);

}  // namespace sluice
