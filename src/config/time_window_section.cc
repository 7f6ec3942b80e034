#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "config/sections.h"

namespace sluice {
namespace {

constexpr Bounds kSpans{0, 10'000 * kYearMs};
constexpr std::string_view kExample = "time_window: {past: 10y, future: 1d}";

void ReadSide(Reader& reader, const Node& node, std::optional<int64_t>& span_ms) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  if (text->value == "off") return span_ms.reset();
  const auto span = reader.ReadSpan(node, kSpans);
  if (span) span_ms = span;
}

void ReadWord(Reader& reader, const Node& node, TimeWindow& window) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  if (text->value != "off") {
    return reader.ReportValue(
        node, *text,
        {codes::kUnknownValue, fmt::format("`time_window` cannot be {}", Reader::Shown(node)), "",
         fmt::format("write `off`, or for example `{}`", kExample)});
  }
  window = {std::nullopt, std::nullopt};
}

}  // namespace

void ReadTimeWindow(Reader& reader, const Node& node, TimeWindow& window) {
  if (node.kind == NodeKind::kText) return ReadWord(reader, node, window);
  const std::array keys{
      Key{"past", "", [&](const Node& n) { ReadSide(reader, n, window.past_ms); }},
      Key{"future", "", [&](const Node& n) { ReadSide(reader, n, window.future_ms); }},
  };
  if (reader.IsFilledMap(node, kExample)) reader.ReadMap(node, keys);
}

void CheckTimeWindow(Reader& reader, const Node& table,
                     const std::vector<PartitionField>& partition_by) {
  const auto find = [&](std::string_view key) {
    return std::ranges::find(table.children, key, &Node::key);
  };
  const auto node = find("time_window");
  if (node == table.children.end() || !WindowedColumns(partition_by).empty()) return;
  // Said already what is wrong with it.
  if (partition_by.empty() && find("partition_by") != table.children.end()) return;
  reader.ReportAtKey(*node, {codes::kIdleTimeWindow, "`time_window` has no time to judge", "",
                             "it is for the times of `partition_by`, as `day(column)`, other than "
                             "`_timestamp`: leave it out"});
}

}  // namespace sluice
