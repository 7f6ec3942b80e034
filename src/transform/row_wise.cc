#include "transform/row_wise.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace sluice {
namespace {

using nlohmann::json;

constexpr std::string_view kGoldHint = "combine records in gold, by dbt over the silver tables";
constexpr std::string_view kSubqueryHint =
    "look-ups belong into gold; for lists, list_contains(list, value) and list_filter work";

std::string Text(const json& node, const char* key) {
  const auto found = node.find(key);
  return found != node.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const json& Child(const json& node, const char* key) {
  static const json none;
  const auto found = node.find(key);
  return found == node.end() ? none : *found;
}

// Neither absent nor null nor an empty list.
bool Holds(const json& node, const char* key) {
  const json& child = Child(node, key);
  return !child.is_null() && !(child.is_array() && child.empty());
}

bool SameName(std::string_view a, std::string_view b) {
  return Lowered(a) == Lowered(b);
}

}  // namespace

size_t PlaceOfNode(const json& node, size_t near) {
  const json& place = Child(node, "query_location");
  constexpr uint64_t kUnknown = 1ULL << 40;
  return place.is_number_unsigned() && place.get<uint64_t>() < kUnknown ? place.get<size_t>()
                                                                        : near;
}

std::vector<SqlFinding> RowWiseCheck::Select(const json& node, const TableName& from) {
  findings_.clear();
  if (Text(node, "type") != "SELECT_NODE") {
    NotRowWise(tokens_.PlaceOf({"UNION", "INTERSECT", "EXCEPT"}), "a set operation combines tables",
               std::string(kGoldHint));
    return std::exchange(findings_, {});
  }
  Items(Child(node, "select_list"));
  From(Child(node, "from_table"), from);
  Walk(Child(node, "where_clause"), tokens_.PlaceOf({"WHERE"}));
  Clauses(node);
  std::ranges::stable_sort(findings_, {}, &SqlFinding::offset);
  return std::exchange(findings_, {});
}

std::vector<SqlFinding> RowWiseCheck::Expression(const json& expression, size_t near) {
  findings_.clear();
  Walk(expression, near);
  return std::exchange(findings_, {});
}

void RowWiseCheck::Clauses(const json& node) {
  for (const json& modifier : Child(node, "modifiers")) {
    const std::string type = Text(modifier, "type");
    if (type == "DISTINCT_MODIFIER") {
      NotRowWise(tokens_.PlaceOf({"DISTINCT"}), "DISTINCT compares records",
                 "warehouse mode upsert keeps one row for each key");
    } else if (type == "ORDER_MODIFIER") {
      NotRowWise(tokens_.PlaceOf({"ORDER"}), "ORDER BY compares records",
                 "order where rows are read");
    } else {
      NotRowWise(tokens_.PlaceOf({"LIMIT", "OFFSET", "FETCH"}), "LIMIT and OFFSET count records",
                 "choose records by what is in them, with WHERE");
    }
  }
  if (Holds(node, "group_expressions") || Holds(node, "group_sets") ||
      Text(node, "aggregate_handling") == "FORCE_AGGREGATES") {
    NotRowWise(tokens_.PlaceOf({"GROUP"}), "GROUP BY combines records", std::string(kGoldHint));
  }
  if (Holds(node, "having")) {
    NotRowWise(tokens_.PlaceOf({"HAVING"}), "HAVING judges groups of records", "use WHERE");
  }
  if (Holds(node, "qualify")) {
    NotRowWise(tokens_.PlaceOf({"QUALIFY"}), "QUALIFY judges windows of records", "use WHERE");
  }
  if (Holds(node, "sample") || Holds(Child(node, "from_table"), "sample")) {
    NotRowWise(tokens_.PlaceOf({"TABLESAMPLE", "USING"}), "a sample depends on chance",
               "choose records by what is in them, such as hash(_offset) % 10 = 0");
  }
}

void RowWiseCheck::From(const json& from, const TableName& wanted) {
  const std::string type = Text(from, "type");
  const std::string only = fmt::format("write FROM {}", wanted.Full());
  const size_t at = PlaceOfNode(from, tokens_.PlaceOf({"FROM"}));
  if (type == "JOIN") {
    const json* left = &from;
    while (Text(*left, "type") == "JOIN") left = &Child(*left, "left");
    const size_t start = tokens_.IndexAt(PlaceOfNode(*left, at));
    const size_t join =
        std::min(tokens_.FindOutside("JOIN", start), tokens_.FindOutside(",", start));
    NotRowWise(join == SqlTokens::kNone ? at : tokens_.all()[join].offset,
               "a join combines records", std::string(kGoldHint));
  } else if (type == "SUBQUERY") {
    NotRowWise(at, "FROM holds a subquery", only);
  } else if (type == "TABLE_FUNCTION") {
    NotRowWise(at,
               fmt::format("FROM reads the table function `{}`",
                           Text(Child(from, "function"), "function_name")),
               only);
  } else if (type == "EMPTY") {
    NotRowWise(at, "there is no FROM", only);
  } else if (type != "BASE_TABLE") {
    NotRowWise(at, "FROM holds more than the bronze table", only);
  } else if (!Text(from, "catalog_name").empty() ||
             !SameName(Text(from, "schema_name"), wanted.ns) ||
             !SameName(Text(from, "table_name"), wanted.name)) {
    NotRowWise(at, "FROM names another table than the bronze table", only);
  } else if (Holds(from, "column_name_alias") || Holds(from, "at_clause")) {
    findings_.push_back({"E0302", at, "FROM may give the table another name, but no more", only});
  }
}

void RowWiseCheck::Items(const json& items) {
  size_t first = 1;
  if (first < tokens_.all().size() && tokens_.all()[first].Is("ALL")) ++first;
  for (size_t i = 0; i < items.size(); ++i) {
    const json& item = items[i];
    const size_t at = tokens_.ListItem(first, i);
    if (Text(item, "class") == "STAR") {
      Star(item, PlaceOfNode(item, at));
      continue;
    }
    const size_t before = findings_.size();
    Walk(item, at);
    const bool named = Text(item, "class") == "COLUMN_REF" || !Text(item, "alias").empty();
    if (!named && findings_.size() == before) {
      findings_.push_back(
          {"E0302", at, "an expression needs a column name", "add a name behind it: … AS name"});
    }
  }
}

void RowWiseCheck::Star(const json& star, size_t at) {
  if (Child(star, "columns") == json(true) || Holds(star, "expr")) {
    findings_.push_back({"E0302", at, "COLUMNS(…) is not supported",
                         "name the columns, so that a table changes only when its SQL does"});
    return;
  }
  Walk(Child(star, "replace_list"), at);
}

void RowWiseCheck::Walk(const json& node, size_t near) {
  if (!node.is_structured()) return;
  if (node.is_object() && node.contains("class")) {
    near = PlaceOfNode(node, near);
    if (!Judge(node, near)) return;
  }
  for (const json& child : node) Walk(child, near);
}

bool RowWiseCheck::Judge(const json& node, size_t at) {
  constexpr std::array<std::string_view, 10> kPlain = {
      "BETWEEN",     "CASE",   "CAST",       "COLLATE",  "COMPARISON",
      "CONJUNCTION", "LAMBDA", "LAMBDA_REF", "OPERATOR", "TYPE",
  };
  const std::string kind = Text(node, "class");
  const std::string type = Text(node, "type");
  if (kind == "CONSTANT") return false;
  if (kind == "FUNCTION") return JudgeFunction(node, at);
  if (kind == "COLUMN_REF") {
    const json& names = Child(node, "column_names");
    if (names.size() != 1) return false;
    const std::string name = Lowered(names[0].get<std::string>());
    if (IsValueFunction(name) && !columns_.contains(name)) Volatile(at, name);
    return false;
  }
  if (kind == "SUBQUERY") {
    NotRowWise(at, "a subquery reads other rows", std::string(kSubqueryHint));
  } else if (kind == "WINDOW") {
    NotRowWise(
        at,
        fmt::format("the window function `{}` reads other records", Text(node, "function_name")),
        std::string(kGoldHint));
  } else if (type == "GROUPING_FUNCTION") {
    NotRowWise(at, "GROUPING is about groups of records", std::string(kGoldHint));
  } else if (kind == "STAR" || type == "OPERATOR_UNPACK") {
    findings_.push_back({"E0302", at, "`*` and COLUMNS(…) inside an expression are not supported",
                         "name the columns"});
  } else if (kind == "PARAMETER") {
    findings_.push_back({"E0302", ParameterPlace(at), "a parameter has no value here",
                         "put `?` in quotes, or use ${VAR} of the pipeline file"});
  } else if (std::ranges::find(kPlain, kind) == kPlain.end()) {
    findings_.push_back({"E0302", at, fmt::format("`{}` is not supported here", Lowered(type)),
                         "name the columns"});
  } else {
    return true;
  }
  return false;
}

bool RowWiseCheck::JudgeFunction(const json& node, size_t at) {
  const std::string name = Text(node, "function_name");
  const bool aggregates = Holds(node, "filter") || Child(node, "distinct") == json(true) ||
                          Holds(Child(node, "order_bys"), "orders");
  const FunctionKind kind =
      aggregates ? FunctionKind::kAggregate : book_.KindOf(name, Child(node, "children").size());
  switch (kind) {
    case FunctionKind::kRowWise:
    case FunctionKind::kUnknown:
      return true;
    case FunctionKind::kMacro:
      return JudgeMacro(name, at);
    case FunctionKind::kAggregate:
      NotRowWise(at, fmt::format("the aggregate `{}` combines records", name),
                 std::string(kGoldHint));
      return false;
    case FunctionKind::kSetReturning:
      NotRowWise(at, fmt::format("`{}` makes several rows of one record", name),
                 "keep the list, and unnest it in gold");
      return false;
    case FunctionKind::kVolatile:
      Volatile(at, name);
      return false;
  }
  return true;
}

bool RowWiseCheck::JudgeMacro(const std::string& name, size_t at) {
  for (const std::string& body : book_.MacroBodies(name)) {
    const auto parsed = scratch_.Parse("SELECT " + body);
    if (!parsed || parsed->empty()) continue;
    RowWiseCheck inside(scratch_, book_, tokens_, {});
    auto found = inside.Expression((*parsed)[0]["node"]["select_list"], at);
    if (found.empty()) continue;
    found[0].offset = at;
    found[0].message += fmt::format(" (inside `{}`)", name);
    findings_.push_back(std::move(found[0]));
    return false;
  }
  return true;
}

size_t RowWiseCheck::ParameterPlace(size_t near) const {
  for (const SqlToken& token : tokens_.all()) {
    if (token.Is("?") || token.Is("$")) return token.offset;
  }
  return near;
}

void RowWiseCheck::NotRowWise(size_t at, std::string what, std::string hint) {
  findings_.push_back({"E0301", at, "silver SQL works on one record at a time: " + std::move(what),
                       std::move(hint)});
}

void RowWiseCheck::Volatile(size_t at, const std::string& name) {
  findings_.push_back(
      {"E0305", at,
       fmt::format("a record must give the same row whenever it is read: `{}` may change", name),
       "_timestamp is Kafka's time of the record"});
}

}  // namespace sluice
