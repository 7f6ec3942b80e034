#include <fmt/format.h>

#include <array>

#include "config/codes.h"
#include "config/sections.h"

namespace sluice {
namespace {

void ReadBronzeTable(Reader& reader, const Node& node, BronzeSpec& bronze) {
  const Node* partition_by = nullptr;
  bool has_columns = false;
  constexpr std::array<Choice<bool>, 1> kFormats{{{"json", true}}};
  std::vector<Key> keys = DecodeKeys(reader, bronze.decode);
  keys.push_back({"format", "format: json",
                  [&](const Node& n) { (void)reader.ReadChoice<bool>(n, kFormats); }});
  keys.push_back({"columns", "columns: {Book: string}", [&](const Node& n) {
                    ReadColumns(reader, n, bronze.columns);
                    has_columns = !bronze.columns.empty();
                  }});
  keys.push_back({"partition_by", "", [&](const Node& n) { partition_by = &n; }});
  keys.push_back(
      {"time_window", "", [&](const Node& n) { ReadTimeWindow(reader, n, bronze.time_window); }});
  reader.ReadMap(node, keys);
  if (partition_by != nullptr) {
    std::vector<Place> unused;
    ReadPartitionBy(reader, *partition_by, has_columns ? &bronze.columns : nullptr,
                    bronze.partition_by, unused);
  }
  CheckTimeWindow(reader, node, bronze.partition_by);
}

}  // namespace

void ReadBronze(Reader& reader, const Node& node, BronzeSpec& bronze) {
  if (!reader.IsFilledMap(node, "bronze: {raw.books: {format: json, columns: {Book: string}}}")) {
    return;
  }
  for (size_t i = 1; i < node.children.size(); ++i) {
    reader.ReportAtKey(node.children[i],
                       {codes::kNotOneBronze, "a pipeline has one bronze table", "this is one more",
                        "one topic feeds one bronze table: give the other a pipeline of its own"});
  }
  const Node& table = node.children[0];
  if (table.broken) return;
  bronze.place = table.key_place;
  ReadTableKey(reader, table, bronze.table);
  ReadBronzeTable(reader, table, bronze);
}

}  // namespace sluice
