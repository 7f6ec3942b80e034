#include <fmt/format.h>

#include <algorithm>

#include "config/codes.h"
#include "config/partition_fault.h"
#include "config/sections.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr size_t kMostFields = 16;
constexpr std::string_view kHelp =
    "write a column, or `day(column)`, `hour(column)` or `month(column)` of a time";

// `day(x)` in two, unless a column has that very name.
PartitionField Split(std::string_view text, const std::vector<Field>& columns) {
  const size_t open = text.find('(');
  if (std::ranges::find(columns, text, &Field::name) != columns.end() ||
      open == std::string_view::npos || !text.ends_with(')')) {
    return {"identity", std::string(text)};
  }
  return {std::string(text.substr(0, open)),
          std::string(text.substr(open + 1, text.size() - open - 2))};
}

}  // namespace

void ReadPartitionBy(Reader& reader, const Node& node, const std::vector<Field>* columns,
                     std::vector<PartitionField>& fields, std::vector<Place>& places) {
  if (!reader.IsFilledList(node, "partition_by: [day(_timestamp)]", kMostFields)) return;
  for (const auto& item : node.children) {
    const auto text = reader.ReadText(item);
    if (!text) continue;
    PartitionField field = Split(text->value, columns != nullptr ? *columns : LineageFields());
    std::optional<PartitionFault> fault = FaultOf(field, columns);
    if (std::ranges::find(fields, field) != fields.end())
      fault = PartitionFault{"it is given twice"};
    if (fault) {
      reader.ReportValue(
          item, *text,
          {codes::kBadPartition,
           fmt::format("cannot partition by {}: {}", Reader::Shown(item), fault->reason),
           fault->meant.empty() ? ""
                                : fmt::format("did you mean `{}`?", EscapeControl(fault->meant)),
           std::string(kHelp)});
      continue;
    }
    fields.push_back(std::move(field));
    places.push_back(item.place);
  }
}

}  // namespace sluice
