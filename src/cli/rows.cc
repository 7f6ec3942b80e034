#include "cli/rows.h"

#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "core/text.h"

namespace sluice::cli {

void PrintRows(const CommonArgs& common, const std::vector<std::string>& columns,
               const std::vector<std::vector<std::optional<std::string>>>& rows) {
  if (common.json()) {
    nlohmann::json result = nlohmann::json::array();
    for (const auto& row : rows) {
      nlohmann::json object = nlohmann::json::object();
      for (size_t i = 0; i < row.size(); ++i) {
        object[columns[i]] = row[i] ? nlohmann::json(*row[i]) : nlohmann::json();
      }
      result.push_back(std::move(object));
    }
    Print(result.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    return;
  }
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (const auto& value : row) line.push_back(value ? EscapeControl(*value) : "NULL");
  }
  Print(Table(columns, cells));
}

}  // namespace sluice::cli
