#include "transform/compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/text.h"
#include "transform/fast_trim.h"
#include "transform/function_book.h"
#include "transform/row_wise.h"
#include "transform/sql_scratch.h"

namespace sluice {
namespace {

using nlohmann::json;

std::string LineageList() {
  std::string list;
  for (const auto& field : LineageFields()) list += QuoteIdentifier(field.name) + ", ";
  return list;
}

// The bronze columns that `*` does not stand for, those in `already` left out: `"_rest", `….
std::string HiddenList(const std::set<std::string>& already) {
  std::string list;
  for (const auto& field : BronzeSchema({}).fields) {
    if (!already.contains(field.name)) list += QuoteIdentifier(field.name) + ", ";
  }
  return list;
}

std::set<std::string> ExcludedNames(const json& star) {
  std::set<std::string> names;
  for (const json& name : star["exclude_list"]) names.insert(Lowered(name.get<std::string>()));
  for (const json& name : star["qualified_exclude_list"]) {
    names.insert(Lowered(name.value("column", "")));
  }
  return names;
}

// Widens the star's EXCLUDE list, or gives it one. `at` is the index of the star's first token.
void NarrowStar(const json& star, const SqlTokens& tokens, size_t at, std::vector<SqlEdit>& edits) {
  const auto& all = tokens.all();
  while (at < all.size() && !all[at].Is("*")) ++at;
  if (at == all.size()) return;
  std::string hidden = HiddenList(ExcludedNames(star));
  if (hidden.empty()) return;
  const size_t next = at + 1;
  const bool excludes =
      next + 1 < all.size() && (all[next].Is("EXCLUDE") || all[next].Is("EXCEPT"));
  if (!excludes) {
    hidden.resize(hidden.size() - 2);
    edits.push_back({all[at].end(), 0, fmt::format(" EXCLUDE ({})", hidden)});
  } else if (all[next + 1].Is("(")) {
    edits.push_back({all[next + 1].end(), 0, std::move(hidden)});
  } else {
    size_t last = next + 1;
    while (last + 2 < all.size() && all[last + 1].Is(".")) last += 2;
    edits.push_back({all[next + 1].offset, 0, "(" + hidden});
    edits.push_back({all[last].end(), 0, ")"});
  }
}

// Whether a star is of the bronze table, not of a struct column.
bool IsOfTable(const json& star, const json& from, const TableName& bronze) {
  const std::string relation = Lowered(star.value("relation_name", ""));
  const std::string alias = Lowered(from.value("alias", ""));
  return relation.empty() || relation == (alias.empty() ? Lowered(bronze.name) : alias);
}

// Returns where the statement's last token ends, trailing semicolons left out.
size_t StatementEnd(const SqlTokens& tokens) {
  size_t end = tokens.all().size();
  while (end > 0 && tokens.all()[end - 1].Is(";")) --end;
  return end == 0 ? 0 : tokens.all()[end - 1].end();
}

// Returns the bytes [begin, end) with the edits, sorted by offset, that lie in there.
std::string ApplyWithin(std::string_view sql, const std::vector<SqlEdit>& edits, size_t begin,
                        size_t end) {
  std::string text;
  size_t done = begin;
  for (const SqlEdit& edit : edits) {
    if (edit.offset < begin || edit.offset >= end) continue;
    text.append(sql.substr(done, edit.offset - done)).append(edit.text);
    done = edit.offset + edit.removed;
  }
  return text.append(sql.substr(done, end - done));
}

// Whether the call at token `at` is plain `trim(…)`, not `trim(BOTH FROM …)`.
bool IsPlainTrim(const SqlTokens& tokens, size_t at) {
  const auto& all = tokens.all();
  if (at == SqlTokens::kNone || at + 2 >= all.size()) return false;
  if (!all[at].Is("TRIM") || !all[at + 1].Is("(")) return false;
  for (const std::string_view word : {"BOTH", "LEADING", "TRAILING", "FROM"}) {
    if (all[at + 2].Is(word)) return false;
  }
  return true;
}

void FindTrims(const SqlTokens& tokens, const json& node, std::vector<SqlEdit>& edits) {
  if (!node.is_structured()) return;
  if (node.is_object() && node.value("function_name", "") == "trim" &&
      node["children"].size() == 1 && node["children"][0].value("class", "") == "COLUMN_REF") {
    const size_t at = tokens.IndexAt(PlaceOfNode(node, SqlTokens::kNone));
    if (IsPlainTrim(tokens, at)) {
      const SqlToken& name = tokens.all()[at];
      edits.push_back({name.offset, name.text.size(), std::string(kFastTrim)});
    }
  }
  for (const json& child : node) FindTrims(tokens, child, edits);
}

}  // namespace

std::vector<SqlEdit> LineageEdits(const SqlTokens& tokens, const json& node,
                                  const TableName& bronze) {
  const auto& all = tokens.all();
  const size_t head = all.size() > 1 && all[1].Is("ALL") ? 1 : 0;
  std::vector<SqlEdit> edits{{all[head].end(), 0, " " + LineageList()}};
  for (const json& item : node["select_list"]) {
    if (item.value("class", "") != "STAR" || !IsOfTable(item, node["from_table"], bronze)) continue;
    const size_t at = tokens.IndexAt(PlaceOfNode(item, 0));
    if (at != SqlTokens::kNone) NarrowStar(item, tokens, at, edits);
  }
  return edits;
}

std::vector<SqlEdit> TrimEdits(const SqlTokens& tokens, const json& node) {
  std::vector<SqlEdit> edits;
  FindTrims(tokens, node, edits);
  return edits;
}

std::string Apply(std::string_view sql, const SqlTokens& tokens, std::vector<SqlEdit> edits) {
  std::ranges::stable_sort(edits, {}, &SqlEdit::offset);
  return ApplyWithin(sql, edits, 0, StatementEnd(tokens));
}

std::optional<std::string> WithWhereAsColumn(std::string_view sql, const SqlTokens& tokens,
                                             const json& node, std::vector<SqlEdit> edits) {
  if (node["where_clause"].is_null()) return std::nullopt;
  const auto& all = tokens.all();
  // `IS DISTINCT FROM` holds the word as well, so it is found by the table behind it.
  const size_t table = tokens.IndexAt(PlaceOfNode(node["from_table"], SqlTokens::kNone));
  if (table == SqlTokens::kNone || table == 0 || !all[table - 1].Is("FROM")) return std::nullopt;
  const size_t where = tokens.FindOutside("WHERE", table);
  if (where == SqlTokens::kNone) return std::nullopt;
  std::ranges::stable_sort(edits, {}, &SqlEdit::offset);
  const size_t from = all[table - 1].offset;
  return fmt::format("{}, CAST((\n{}\n) AS BOOLEAN) AS {} {}", ApplyWithin(sql, edits, 0, from),
                     ApplyWithin(sql, edits, all[where].end(), StatementEnd(tokens)), kWhereColumn,
                     ApplyWithin(sql, edits, from, all[where].offset));
}

std::string ComposeRun(const std::string& select, const std::string& name,
                       const std::vector<Field>& columns, const std::vector<Expectation>& checks) {
  std::vector<std::string> items;
  for (const auto& field : columns) {
    // The cast only takes names off types, such as JSON's off VARCHAR; else DuckDB drops it.
    items.push_back(
        fmt::format("CAST({} AS {})", QuoteIdentifier(field.name), SpellForDuck(field.type)));
  }
  for (const auto& field : LineageFields()) items.push_back(QuoteIdentifier(field.name));
  for (const auto& check : checks) items.push_back(fmt::format("(\n{}\n)", check.check));
  return fmt::format("SELECT {} FROM (\n{}\n) AS {}", Join(items, ", "), select,
                     QuoteIdentifier(name));
}

}  // namespace sluice
