#include <fmt/format.h>

#include <array>
#include <map>

#include "config/codes.h"
#include "config/names.h"
#include "config/sections.h"
#include "config/suggest.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr std::string_view kTypes =
    "types: bool, int, long, float, double, decimal(p,s), string, binary, date, timestamp, "
    "timestamptz, list<…>, struct<name: …>";

constexpr std::string_view kDecimal =
    "decimal(p,s) has p digits, 1 to 38, of which s stand after the point: `decimal(12,2)`";

bool ReadType(Reader& reader, const Node& node, Type& type) {
  const auto text = reader.ReadText(node);
  if (!text) return false;
  auto parsed = ParseType(text->value);
  if (!parsed) {
    const bool decimal = text->value.starts_with("decimal(");
    const std::string meant = decimal ? "" : MeantType(text->value);
    reader.ReportValue(node, *text,
                       {codes::kUnknownType, fmt::format("unknown type {}", Reader::Shown(node)),
                        meant.empty() ? "" : fmt::format("did you mean `{}`?", meant),
                        std::string(decimal ? kDecimal : kTypes)});
    return false;
  }
  type = *std::move(parsed);
  return true;
}

bool ReadColumn(Reader& reader, const Node& node, Field& field) {
  if (node.kind != NodeKind::kMap) return ReadType(reader, node, field.type);
  bool good = false;
  const std::array keys{
      Key{"type", "type: string", [&](const Node& n) { good = ReadType(reader, n, field.type); }},
      Key{"required", "",
          [&](const Node& n) {
            if (auto required = reader.ReadBool(n)) field.required = *required;
          }},
      Key{"comment", "",
          [&](const Node& n) {
            if (auto comment = reader.ReadMaybeEmptyText(n)) field.comment = comment->value;
          }},
  };
  reader.ReadMap(node, keys);
  return good;
}

// Names are keys of the file, so they are never the same; but engines see less of them.
bool IsGoodName(Reader& reader, const Node& node, std::map<std::string, std::string>& seen) {
  if (node.key.empty()) {
    reader.ReportAtKey(node, {codes::kBadName, "a column has no name"});
    return false;
  }
  if (const auto status = CheckNotReserved(node.key); !status) {
    reader.ReportAtKey(node, {codes::kReservedName, status.error().message, "",
                              status.error().hint + "; choose another name"});
    return false;
  }
  const auto [entry, first] = seen.try_emplace(LowerAscii(node.key), node.key);
  if (first) return true;
  reader.ReportAtKey(node, {codes::kDuplicateColumn,
                            fmt::format("columns `{}` and `{}` differ only in case",
                                        EscapeControl(entry->second), EscapeControl(node.key)),
                            "", "DuckDB and Spark take them for the same column: keep one"});
  return false;
}

}  // namespace

void ReadColumns(Reader& reader, const Node& node, std::vector<Field>& columns) {
  if (!reader.IsFilledMap(node, "columns: {Book: string}")) return;
  std::map<std::string, std::string> seen;
  for (const auto& child : node.children) {
    if (child.broken) continue;
    Field field{.name = child.key, .type = {}};
    const bool good_name = IsGoodName(reader, child, seen);
    if (ReadColumn(reader, child, field) && good_name) columns.push_back(std::move(field));
  }
}

}  // namespace sluice
