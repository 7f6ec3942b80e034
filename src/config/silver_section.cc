#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "config/codes.h"
#include "config/names.h"
#include "config/sections.h"
#include "config/suggest.h"
#include "core/text.h"

namespace sluice {
namespace {

void ReadFrom(Reader& reader, const Node& node, const BronzeSpec& bronze, SilverSpec& silver) {
  const auto text = reader.ReadText(node);
  if (!text || bronze.table.name.empty()) return;
  silver.from = bronze.table;
  const std::string name = bronze.table.Full();
  if (text->value == name) return;
  reader.ReportValue(
      node, *text,
      {codes::kUnknownTable, fmt::format("there is no bronze table {}", Reader::Shown(node)),
       fmt::format("did you mean `{}`?", name), "silver is made from the bronze table only"});
}

void ReadSilverSql(Reader& reader, const Node& node, SilverSpec& silver) {
  const auto text = reader.ReadSql(node);
  if (!text) return;
  if (node.folded) {
    return reader.Report(node, {codes::kSqlLayout, "this way of writing joins the lines of `sql`",
                                "", "write `sql: |` and the statement on the lines below"});
  }
  if (text->value.find_first_not_of(" \t\n") == std::string::npos) {
    return reader.Report(node, {codes::kSqlLayout, "`sql` is empty", "",
                                "write `sql: |` and a SELECT on the lines below it, indented"});
  }
  silver.sql = text->value;
  silver.sql_lines = node.lines;
}

void ReadSilverTable(Reader& reader, const Node& node, const BronzeSpec& bronze,
                     SilverSpec& silver) {
  const std::array keys{
      Key{"from", "from: raw.books", [&](const Node& n) { ReadFrom(reader, n, bronze, silver); }},
      Key{"sql", "sql: SELECT … FROM raw.books",
          [&](const Node& n) { ReadSilverSql(reader, n, silver); }},
      Key{"expect", "", [&](const Node& n) { ReadExpectations(reader, n, silver.expect); }},
      Key{"partition_by", "",
          [&](const Node& n) {
            ReadPartitionBy(reader, n, nullptr, silver.partition_by, silver.partition_places);
          }},
      Key{"time_window", "", [&](const Node& n) { ReadTimeWindow(reader, n, silver.time_window); }},
      Key{"warehouse", "",
          [&](const Node& n) { ReadWarehouseTable(reader, n, silver.warehouse.emplace()); }},
  };
  reader.ReadMap(node, keys);
  CheckTimeWindow(reader, node, silver.partition_by);
}

// A lake table is a folder and a name in the catalog; some file systems fold case.
void CheckLakeNames(Reader& reader, const Node& node, const BronzeSpec& bronze) {
  std::set<std::string> seen{LowerAscii(bronze.table.Full())};
  for (const auto& table : node.children) {
    const std::string lower = LowerAscii(table.key);
    if (!seen.insert(lower).second) {
      reader.ReportAtKey(
          table, {codes::kTableTwice, fmt::format("table `{}` is there already", table.key), "",
                  "each table of a pipeline needs a name of its own"});
    }
  }
}

void CheckWarehouseNames(Reader& reader, const Node& node, const std::vector<SilverSpec>& silver) {
  std::set<std::string> seen;
  for (size_t i = 0; i < silver.size(); ++i) {
    if (!silver[i].warehouse || silver[i].warehouse->table.empty()) continue;
    const std::string full = silver[i].warehouse->schema + "." + silver[i].warehouse->table;
    if (!seen.insert(full).second) {
      const auto& keys = node.children[i].children;
      const auto warehouse = std::ranges::find(keys, "warehouse", &Node::key);
      reader.ReportAtKey(
          *warehouse,
          {codes::kTableTwice, fmt::format("another silver table writes to `{}` already", full), "",
           "each silver table needs a warehouse table of its own"});
    }
  }
}

}  // namespace

bool ReadTableKey(Reader& reader, const Node& node, TableName& table) {
  if (auto name = ParseTableName(node.key)) {
    table = *std::move(name);
    return true;
  }
  const bool long_name = std::ranges::any_of(Split(node.key, '.'), [](const std::string& part) {
    return part.size() > kPostgresNameBytes;
  });
  if (long_name) {
    reader.ReportAtKey(
        node, {codes::kNameTooLong, "a table's name, and its namespace, has at most 63 bytes"});
  } else {
    reader.ReportAtKey(
        node,
        {codes::kBadName, fmt::format("a table cannot be named `{}`", EscapeControl(node.key)), "",
         "write namespace.name, each of letters, digits and `_`: `raw.books`"});
  }
  return false;
}

void ReadSilver(Reader& reader, const Node& node, const BronzeSpec& bronze,
                std::vector<SilverSpec>& silver) {
  if (!reader.IsFilledMap(node, "silver: {processed.books: {from: raw.books, sql: SELECT …}}")) {
    return;
  }
  for (const auto& table : node.children) {
    SilverSpec& spec = silver.emplace_back();
    spec.place = table.key_place;
    if (table.broken) continue;
    ReadTableKey(reader, table, spec.table);
    ReadSilverTable(reader, table, bronze, spec);
  }
  CheckLakeNames(reader, node, bronze);
  CheckWarehouseNames(reader, node, silver);
}

}  // namespace sluice
