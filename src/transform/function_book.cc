#include "transform/function_book.h"

#include <algorithm>
#include <array>

#include "transform/sql_scratch.h"

namespace sluice {
namespace {

// DuckDB calls these consistent, yet they tell of the clock, the session, the build or the batch.
constexpr std::array<std::string_view, 7> kContext = {
    "current_localtime", "current_localtimestamp", "current_setting",
    "getvariable",       "json_serialize_plan",    "vector_type",
    "version",
};

constexpr std::array<std::string_view, 2> kSetReturning = {"unnest", "unlist"};

constexpr std::array<std::string_view, 11> kValueFunctions = {
    "current_catalog",   "current_date", "current_role", "current_schema", "current_time", "user",
    "current_timestamp", "current_user", "localtime",    "localtimestamp", "session_user",
};

template <typename Names>
bool Has(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

FunctionKind KindOfRow(const std::string& name, const std::string& type,
                       const std::string& stability) {
  if (IsValueFunction(name) || Has(kContext, name)) return FunctionKind::kVolatile;
  if (type == "aggregate") return FunctionKind::kAggregate;
  if (type == "macro") return FunctionKind::kMacro;
  // `error('…')` counts as volatile for its effect, but is how SQL rejects a record.
  if (name == "error") return FunctionKind::kRowWise;
  return stability == "CONSISTENT" ? FunctionKind::kRowWise : FunctionKind::kVolatile;
}

}  // namespace

Result<FunctionBook> FunctionBook::Load(duckdb_connection connection) {
  SLUICE_ASSIGN(auto rows,
                TextRows(connection,
                         "SELECT DISTINCT lower(function_name), function_type, stability, "
                         "macro_definition FROM duckdb_functions() WHERE function_type IN "
                         "('scalar', 'aggregate', 'macro') ORDER BY ALL"));
  FunctionBook book;
  for (const auto& row : rows) {
    Entry& entry = book.entries_[row[0]];
    const FunctionKind kind = KindOfRow(row[0], row[1], row[2]);
    // A name with several forms counts as its worst one.
    entry.kind = std::max(entry.kind, kind);
    if (kind == FunctionKind::kMacro) entry.bodies.push_back(row[3]);
  }
  for (const auto name : kSetReturning) {
    book.entries_[std::string(name)].kind = FunctionKind::kSetReturning;
  }
  return book;
}

FunctionKind FunctionBook::KindOf(std::string_view name, size_t arguments) const {
  const auto found = entries_.find(Lowered(name));
  if (found == entries_.end()) return FunctionKind::kUnknown;
  // With one argument it counts from today.
  if (found->first == "age" && arguments == 1) return FunctionKind::kVolatile;
  return found->second.kind;
}

std::span<const std::string> FunctionBook::MacroBodies(std::string_view name) const {
  const auto found = entries_.find(Lowered(name));
  if (found == entries_.end()) return {};
  return found->second.bodies;
}

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

bool IsValueFunction(std::string_view lowered_name) {
  return Has(kValueFunctions, lowered_name);
}

}  // namespace sluice
