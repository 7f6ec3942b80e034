#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "config/names.h"
#include "config/sections.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr size_t kMostKeyColumns = 32;  // PostgreSQL's own limit of an index
constexpr std::array<Choice<WriteMode>, 2> kModes{
    {{"append", WriteMode::kAppend}, {"upsert", WriteMode::kUpsert}}};

// Says whom the name belongs to, or nothing.
std::string Owner(const TableName& table) {
  if (table.ns == "sluice") return "schema `sluice` holds sluice's own ledger";
  if (table.ns == "information_schema" || table.ns.starts_with("pg_")) {
    return fmt::format("schema `{}` belongs to PostgreSQL", table.ns);
  }
  if (table.name == "iceberg_tables" || table.name == "iceberg_namespace_properties") {
    return fmt::format("`{}` is a table of the Iceberg catalog", table.name);
  }
  return "";
}

void ReadTable(Reader& reader, const Node& node, WarehouseTableSpec& spec) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  for (const std::string& part : Split(text->value, '.')) {
    if (part.size() <= kPostgresNameBytes) continue;
    return reader.ReportValue(
        node, *text,
        {codes::kNameTooLong,
         fmt::format("name of {} bytes, longer than PostgreSQL's 63", part.size()), "",
         "PostgreSQL would cut it without a word: choose a shorter one"});
  }
  const auto name = ParseTableName(text->value);
  if (!name) {
    const bool bare = IsIdentifier(text->value);
    return reader.ReportValue(
        node, *text,
        {codes::kBadName, fmt::format("a table cannot be named {}", Reader::Shown(node)),
         bare ? fmt::format("did you mean `public.{}`?", text->value) : "",
         "write schema.table, each of letters, digits and `_`: `public.books_silver`"});
  }
  if (const std::string owner = Owner(*name); !owner.empty()) {
    return reader.ReportValue(node, *text,
                              {codes::kReservedName, "this table is reserved: " + owner, "",
                               "choose another schema or name"});
  }
  spec.schema = name->ns;
  spec.table = name->name;
}

void ReadKey(Reader& reader, const Node& node, WarehouseTableSpec& spec) {
  if (!reader.IsFilledList(node, "key: [book_title, authors]", kMostKeyColumns)) return;
  for (const auto& item : node.children) {
    const auto text = reader.ReadText(item);
    if (!text) continue;
    if (text->value.size() > kPostgresNameBytes) {
      reader.ReportValue(item, *text,
                         {codes::kNameTooLong, "PostgreSQL cuts this name after 63 bytes", "",
                          "name the column shorter in `sql`"});
    } else if (std::ranges::find(spec.key, text->value) != spec.key.end()) {
      reader.ReportValue(item, *text,
                         {codes::kDuplicateColumn,
                          fmt::format("column {} is in the key twice", Reader::Shown(item))});
    } else {
      spec.key.push_back(text->value);
      spec.key_places.push_back(item.place);
    }
  }
}

}  // namespace

void ReadWarehouseTable(Reader& reader, const Node& node, WarehouseTableSpec& table) {
  table.place = node.key_place;
  const Node* key = nullptr;
  const Node* mode = nullptr;
  const std::array keys{
      Key{"table", "table: public.books_silver",
          [&](const Node& n) { ReadTable(reader, n, table); }},
      Key{"mode", "", [&](const Node& n) { mode = &n; }},
      Key{"key", "", [&](const Node& n) { key = &n; }},
  };
  reader.ReadMap(node, keys);
  if (node.kind != NodeKind::kMap) return;
  if (key != nullptr) ReadKey(reader, *key, table);
  if (mode != nullptr) {
    const auto choice = reader.ReadChoice<WriteMode>(*mode, kModes);
    if (!choice) return;
    table.mode = *choice;
  }
  if (mode != nullptr && table.mode == WriteMode::kUpsert && key == nullptr) {
    reader.Report(*mode, {codes::kKeyMissing, "an upsert needs a key", "",
                          "add the columns that name a row: `key: [book_title, authors]`"});
  } else if (table.mode == WriteMode::kAppend && key != nullptr) {
    reader.ReportAtKey(*key, {codes::kKeyWithoutUpsert, "a key without an upsert has no effect", "",
                              "write `mode: upsert`, or leave the key out"});
  }
}

}  // namespace sluice
