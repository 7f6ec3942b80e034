#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "stage/duck.h"

namespace sluice {

enum class FunctionKind {
  kRowWise,  ///< one value from the values of one row, always the same
  kUnknown,  ///< DuckDB will tell that there is none
  kMacro,    ///< as good as its bodies
  kAggregate,
  kSetReturning,  ///< makes rows
  kVolatile,      ///< depends on clock, chance, session or batch
};

/// What kind of function a name of DuckDB is.
class FunctionBook {
 public:
  static Result<FunctionBook> Load(duckdb_connection connection);

  FunctionKind KindOf(std::string_view name, size_t arguments) const;
  /// Returns the expressions that a macro stands for, one for each of its forms.
  std::span<const std::string> MacroBodies(std::string_view name) const;

 private:
  struct Entry {
    FunctionKind kind = FunctionKind::kRowWise;
    std::vector<std::string> bodies{};
  };
  std::unordered_map<std::string, Entry> entries_;  ///< by lower-case name
};

/// Returns `text` with A–Z lowered, as DuckDB compares names.
std::string Lowered(std::string_view text);

/// Returns whether a bare name, where no column has it, is a function without parentheses:
/// `current_date`, `user`, ….
bool IsValueFunction(std::string_view lowered_name);

}  // namespace sluice
