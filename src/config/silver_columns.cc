#include "config/silver_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/codes.h"
#include "config/location.h"
#include "config/names.h"
#include "config/partition_fault.h"
#include "config/source_text.h"
#include "core/text.h"

namespace sluice {
namespace {

std::string DidYouMean(std::string_view meant) {
  return meant.empty() ? "" : fmt::format("did you mean `{}`?", EscapeControl(meant));
}

Place At(const std::vector<Place>& places, size_t i) {
  return i < places.size() ? places[i] : Place{};
}

void CheckKey(const WarehouseTableSpec& table, const std::vector<std::string>& names,
              std::vector<Diagnostic>& found) {
  for (size_t i = 0; i < table.key.size(); ++i) {
    const std::string& name = table.key[i];
    if (std::ranges::find(names, name) != names.end()) continue;
    found.push_back({.code = std::string(codes::kUnknownSilverColumn),
                     .message = fmt::format("`sql` makes no column `{}`", EscapeControl(name)),
                     .place = At(table.key_places, i),
                     .length = CountCharacters(name),
                     .label = DidYouMean(Nearest(name, names)),
                     .help = fmt::format("its columns: {}", EscapeControl(Join(names, ", ")))});
  }
}

void CheckPartitions(const SilverSpec& silver, const std::vector<Field>& columns,
                     std::vector<Diagnostic>& found) {
  for (size_t i = 0; i < silver.partition_by.size(); ++i) {
    const auto fault = FaultOf(silver.partition_by[i], &columns);
    if (!fault) continue;
    const auto code = fault->no_such_column ? codes::kUnknownSilverColumn : codes::kBadPartition;
    found.push_back({.code = std::string(code),
                     .message = "cannot partition by this: " + fault->reason,
                     .place = At(silver.partition_places, i),
                     .length = CountCharacters(silver.partition_by[i].column),
                     .label = DidYouMean(fault->meant)});
  }
}

}  // namespace

std::vector<Diagnostic> CheckSilverColumns(const SilverSpec& silver,
                                           const std::vector<Field>& columns) {
  std::vector<Diagnostic> found;
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  CheckPartitions(silver, columns, found);
  if (!silver.warehouse) return found;
  CheckKey(*silver.warehouse, names, found);
  if (const auto status = CheckPostgresNames(names); !status) {
    found.push_back({.code = status.error().code,
                     .message = status.error().message,
                     .place = PlaceInText(silver.sql_lines, silver.sql, 0),
                     .length = 1,
                     .help = status.error().hint});
  }
  return found;
}

}  // namespace sluice
