#include "config/location.h"

#include <algorithm>

#include "config/source_text.h"

namespace sluice {

std::string TableLocation(const LakeSpec& lake, const TableName& table) {
  const std::string slash = lake.root.ends_with('/') ? "" : "/";
  return lake.root + slash + table.ns + "/" + table.name;
}

Place PlaceInSql(const SilverSpec& silver, size_t offset) {
  return PlaceInText(silver.sql_lines, silver.sql, offset);
}

Place PlaceInCheck(const Expectation& expectation, size_t offset) {
  return PlaceInText({&expectation.place, 1}, expectation.check, offset);
}

Place PlaceInText(std::span<const Place> lines, std::string_view text, size_t offset) {
  if (lines.empty()) return {};
  const std::string_view before = text.substr(0, offset);
  const auto breaks = static_cast<size_t>(std::ranges::count(before, '\n'));
  if (breaks >= lines.size()) return lines.back();
  const size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  Place place = lines[breaks];
  place.column += CountCharacters(before.substr(start));
  return place;
}

}  // namespace sluice
