#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "stage/schema.h"

namespace sluice::cli {

/// What a CSV file's first rows show of one column.
struct CsvColumn {
  std::string header;
  std::string name;  ///< a plain one for silver: lower case, letters, digits and `_`; unique
  TypeKind type = TypeKind::kString;
  bool has_null = false;
  bool is_unique = false;  ///< every row has another value
};

/// Reads up to 100,000 rows. Types are bool, long, double, date, timestamp, timestamptz and string;
/// integers are long, for the rows to come. FailsWith kBadInput as CsvReader does.
Result<std::vector<CsvColumn>> ProfileCsv(const std::string& path);

/// Returns the column that tells rows apart, or null: unique, never null, no fraction; one that is
/// called so (`id`, `key`, `code`) before others.
const CsvColumn* FindKey(const std::vector<CsvColumn>& columns);

/// Returns a text as a plain name: `Author(s)` → `author_s`, `1st` → `n1st`, `` → `column`.
std::string PlainName(std::string_view text);

}  // namespace sluice::cli
