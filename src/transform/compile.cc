#include "transform/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "core/text.h"
#include "transform/compose.h"
#include "transform/function_book.h"
#include "transform/row_wise.h"
#include "transform/sql_scratch.h"
#include "transform/sql_tokens.h"

namespace sluice {
namespace {

using nlohmann::json;
using Findings = std::vector<SqlFinding>;

constexpr std::string_view kCheckHead = "SELECT ";

std::set<std::string> LoweredNames(const std::vector<Field>& fields) {
  std::set<std::string> names;
  for (const auto& field : fields) names.insert(Lowered(field.name));
  return names;
}

bool IsNotSelect(const SqlFinding& finding) {
  return finding.message.starts_with("Only SELECT statements can be serialized");
}

std::optional<SqlFinding> BadCharacter(const std::string& sql, const SqlTokens& tokens) {
  if (const size_t nul = sql.find('\0'); nul != std::string::npos) {
    return SqlFinding{"E0302", nul, "SQL may not hold a NUL character"};
  }
  if (const size_t blank = tokens.FindOddBlank(); blank != SqlTokens::kNone) {
    return SqlFinding{"E0302", blank, "a blank outside quotes is not an ordinary one",
                      "put a space there; text from web pages often has others"};
  }
  return std::nullopt;
}

// Whether DuckDB's spelling of a type holds a NULL of no type. A struct field may be named so: its
// type follows behind a blank.
bool HoldsUntypedNull(std::string_view type_text) {
  constexpr std::string_view kNull = "\"NULL\"";
  for (size_t at = 0; (at = type_text.find(kNull, at)) != std::string_view::npos;) {
    at += kNull.size();
    if (at == type_text.size() || type_text[at] != ' ') return true;
  }
  return false;
}

bool IsLineage(std::string_view lowered) {
  return std::ranges::any_of(LineageFields(), [&](const Field& f) { return f.name == lowered; });
}

// The place of the item that made the `column`th of `columns` output columns. Stars make any
// number of them; the items before the first and behind the last star make one each.
size_t ColumnPlace(const json& items, const SqlTokens& tokens, size_t column, size_t columns) {
  const auto is_star = [](const json& item) { return item.value("class", "") == "STAR"; };
  const auto first = std::find_if(items.begin(), items.end(), is_star) - items.begin();
  auto item = static_cast<size_t>(first);
  if (column < item) item = column;
  const size_t from_end = columns - column;
  const bool behind = std::none_of(
      items.end() - static_cast<ptrdiff_t>(std::min(from_end, items.size())), items.end(), is_star);
  if (behind && from_end <= items.size()) item = items.size() - from_end;
  return tokens.ListItem(tokens.all()[1].Is("ALL") ? 2 : 1, item);
}

bool HasNamelessField(const Type& type) {
  return std::ranges::any_of(type.children, [](const Field& child) {
    return child.name.empty() || HasNamelessField(child.type);
  });
}

// Compiles one table; what is wrong goes to `problems`.
class TableCompiler {
 public:
  TableCompiler(const SqlScratch& scratch, const FunctionBook& book, const BronzeSpec& bronze,
                const SilverSpec& silver)
      : scratch_(scratch), book_(book), bronze_(bronze), silver_(silver), tokens_(silver.sql) {}

  std::optional<CompiledTable> Compile() {
    CompiledTable table;
    sql_findings_ = CompileSql(table);
    for (size_t i = 0; i < silver_.expect.size(); ++i) CheckExpectation(i, table);
    const std::string& name = silver_.table.name;
    table.sql = ComposeRun(fast_select_, name, table.columns, silver_.expect);
    if (whole_select_) {
      std::vector<Expectation> checks = silver_.expect;
      checks.emplace_back().check = kWhereColumn;
      table.whole_sql = ComposeRun(*whole_select_, name, table.columns, checks);
    }
    return sql_findings_.empty() && check_findings_.empty() ? std::optional(std::move(table))
                                                            : std::nullopt;
  }

  void Report(size_t table, std::vector<SqlProblem>& problems) const {
    const auto add = [&](const SqlFinding& finding, std::optional<size_t> expectation) {
      const size_t size = (expectation ? silver_.expect[*expectation].check : silver_.sql).size();
      problems.push_back({finding.code, table, expectation, std::min(finding.offset, size),
                          finding.message, finding.hint});
    };
    for (const auto& finding : sql_findings_) add(finding, std::nullopt);
    for (const auto& [index, finding] : check_findings_) add(finding, index);
  }

 private:
  Findings CompileSql(CompiledTable& table);
  std::expected<json, SqlFinding> ParseOne() const;
  bool BindsWhole(const json& node, const std::vector<SqlEdit>& edits,
                  const CompiledTable& table) const;
  Findings Columns(const std::vector<SqlColumn>& described, const json& items,
                   CompiledTable& table);
  std::optional<SqlFinding> JudgeColumn(const SqlColumn& column, CompiledTable& table) const;
  void CheckExpectation(size_t index, const CompiledTable& table);
  Findings CheckFindings(const std::string& check, const CompiledTable& table) const;
  std::optional<SqlFinding> BindCheck(const std::string& check) const;

  const SqlScratch& scratch_;
  const FunctionBook& book_;
  const BronzeSpec& bronze_;
  const SilverSpec& silver_;
  SqlTokens tokens_;
  std::string select_;                       // composed; empty while the SQL is not known to bind
  std::string fast_select_;                  // the same, with functions that only the run knows
  std::optional<std::string> whole_select_;  // the same, with WHERE as a column
  Findings sql_findings_;
  std::vector<std::pair<size_t, SqlFinding>> check_findings_;
};

Findings TableCompiler::CompileSql(CompiledTable& table) {
  auto node = ParseOne();
  if (!node) return {node.error()};
  RowWiseCheck check(scratch_, book_, tokens_, LoweredNames(BronzeSchema(bronze_.columns).fields));
  Findings findings = check.Select(*node, bronze_.table);
  // Behind any other finding DuckDB's own would mostly be an echo.
  const bool only_volatile =
      std::ranges::all_of(findings, [](const SqlFinding& f) { return f.code == "E0305"; });
  if (!only_volatile) return findings;
  if (auto plain = scratch_.Describe(Apply(silver_.sql, tokens_, {})); !plain) {
    findings.push_back(plain.error());
  }
  if (!findings.empty()) return findings;
  std::vector<SqlEdit> edits = LineageEdits(tokens_, *node, bronze_.table);
  std::string select = Apply(silver_.sql, tokens_, edits);
  auto columns = scratch_.Describe(select);
  if (!columns) {
    columns.error().offset = tokens_.ListItem(1, 0);
    return {columns.error()};
  }
  columns->erase(columns->begin(), columns->begin() + kLineageColumns);
  findings = Columns(*columns, (*node)["select_list"], table);
  select_ = std::move(select);
  const bool binds_whole = BindsWhole(*node, edits, table);
  std::ranges::move(TrimEdits(tokens_, *node), std::back_inserter(edits));
  if (binds_whole) whole_select_ = WithWhereAsColumn(silver_.sql, tokens_, *node, edits);
  fast_select_ = Apply(silver_.sql, tokens_, std::move(edits));
  return findings;
}

// Whether WHERE means the same as a column: DuckDB looks up names in both alike, table before
// aliases.
bool TableCompiler::BindsWhole(const json& node, const std::vector<SqlEdit>& edits,
                               const CompiledTable& table) const {
  const auto select = WithWhereAsColumn(silver_.sql, tokens_, node, edits);
  if (!select) return false;
  const auto described = scratch_.Describe(*select);
  return described && described->size() == kLineageColumns + table.columns.size() + 1 &&
         std::ranges::none_of(table.columns,
                              [](const Field& f) { return Lowered(f.name) == kWhereColumn; });
}

std::expected<json, SqlFinding> TableCompiler::ParseOne() const {
  if (auto finding = BadCharacter(silver_.sql, tokens_))
    return std::unexpected(std::move(*finding));
  const std::string only = fmt::format("write one SELECT … FROM {}", bronze_.table.Full());
  auto statements = scratch_.Parse(silver_.sql);
  const size_t start = tokens_.all().empty() ? 0 : tokens_.all()[0].offset;
  if (!statements) {
    SqlFinding finding = statements.error();
    if (IsNotSelect(finding)) {
      finding = {"E0302", start, "only a SELECT makes a silver table", only};
    }
    return std::unexpected(std::move(finding));
  }
  if (statements->empty()) return std::unexpected(SqlFinding{"E0302", 0, "the SQL is empty", only});
  if (statements->size() > 1) {
    const size_t second = tokens_.FindOutside(";") + 1;
    return std::unexpected(
        SqlFinding{"E0302", tokens_.all()[second].offset, "there is a second statement", only});
  }
  json node = std::move((*statements)[0]["node"]);
  if (tokens_.all()[0].Is("WITH")) {
    return std::unexpected(
        SqlFinding{"E0301", start,
                   "silver SQL works on one record at a time: WITH makes another table", only});
  }
  if (!tokens_.all()[0].Is("SELECT")) {
    return std::unexpected(SqlFinding{"E0302", start, "the SQL must begin with SELECT", only});
  }
  return node;
}

Findings TableCompiler::Columns(const std::vector<SqlColumn>& described, const json& items,
                                CompiledTable& table) {
  Findings findings;
  std::set<std::string> seen;
  for (size_t i = 0; i < described.size(); ++i) {
    auto finding = JudgeColumn(described[i], table);
    if (!seen.insert(Lowered(described[i].name)).second) {
      finding =
          SqlFinding{"E0302", 0, fmt::format("a second column is named `{}`", described[i].name),
                     "names that differ only in case count as the same"};
    }
    if (!finding) continue;
    finding->offset = ColumnPlace(items, tokens_, i, described.size());
    findings.push_back(std::move(*finding));
  }
  return findings;
}

std::optional<SqlFinding> TableCompiler::JudgeColumn(const SqlColumn& column,
                                                     CompiledTable& table) const {
  if (IsLineage(Lowered(column.name))) {
    return SqlFinding{"E0302", 0,
                      fmt::format("`{}` is added to every silver row by itself", column.name),
                      "leave it out, or give it another name: … AS name"};
  }
  if (HoldsUntypedNull(column.type_text)) {
    return SqlFinding{"E0303", 0, fmt::format("column `{}` is NULL of no type", column.name),
                      "cast it: CAST(NULL AS VARCHAR)"};
  }
  auto type = FromDuckType(column.type.get());
  if (!type) {
    return SqlFinding{"E0303", 0, fmt::format("column `{}`: {}", column.name, type.error().message),
                      type.error().hint};
  }
  if (HasNamelessField(*type)) {
    return SqlFinding{"E0303", 0,
                      fmt::format("column `{}` has a struct field without name", column.name),
                      "name the fields: struct_pack(a := …) or {'a': …}"};
  }
  table.columns.push_back({column.name, std::move(*type)});
  return std::nullopt;
}

void TableCompiler::CheckExpectation(size_t index, const CompiledTable& table) {
  for (SqlFinding& finding : CheckFindings(silver_.expect[index].check, table)) {
    if (finding.code == "E0302") finding.code = "E0304";
    check_findings_.emplace_back(index, std::move(finding));
  }
}

Findings TableCompiler::CheckFindings(const std::string& check, const CompiledTable& table) const {
  if (auto finding = BadCharacter(check, SqlTokens(check))) return {std::move(*finding)};
  const std::string text = std::string(kCheckHead) + check;
  const SqlTokens tokens(text);
  auto statements = scratch_.Parse(text);
  const Findings not_one{{"E0304", 0, "a check is one expression", "such as `price > 0`"}};
  Findings findings;
  if (!statements) {
    if (IsNotSelect(statements.error())) return not_one;
    findings.push_back(statements.error());
  } else {
    const json& node = (*statements)[0]["node"];
    const json& items = node["select_list"];
    const bool one = statements->size() == 1 && items.size() == 1 &&
                     node["from_table"]["type"] == "EMPTY" && node["where_clause"].is_null() &&
                     node["modifiers"].empty() && items[0].value("alias", "").empty() &&
                     tokens.FindOutside(";") == SqlTokens::kNone;
    if (!one) return not_one;
    RowWiseCheck row_wise(scratch_, book_, tokens, LoweredNames(table.columns));
    findings = row_wise.Expression(items[0], kCheckHead.size());
  }
  for (auto& finding : findings) finding.offset -= std::min(finding.offset, kCheckHead.size());
  if (findings.empty()) {
    if (auto finding = BindCheck(check)) findings.push_back(std::move(*finding));
  }
  return findings;
}

std::optional<SqlFinding> TableCompiler::BindCheck(const std::string& check) const {
  if (select_.empty()) return std::nullopt;
  const std::string head = "SELECT (";
  const auto columns = scratch_.Describe(fmt::format("{}{}\n) FROM (\n{}\n) AS {}", head, check,
                                                     select_, QuoteIdentifier(silver_.table.name)));
  if (!columns) {
    SqlFinding finding = columns.error();
    finding.offset -= std::min(finding.offset, head.size());
    return finding;
  }
  if (duckdb_get_type_id(columns->at(0).type.get()) == DUCKDB_TYPE_BOOLEAN) return std::nullopt;
  return SqlFinding{"E0304", 0,
                    fmt::format("a check must be true or false, not {}", columns->at(0).type_text),
                    "compare it with something"};
}

// Finds bronze columns that SQL cannot tell apart.
std::optional<std::string> AmbiguousColumn(const BronzeSpec& bronze) {
  std::map<std::string, std::string> seen;
  for (const auto& field : BronzeSchema(bronze.columns).fields) {
    const auto [other, fresh] = seen.emplace(Lowered(field.name), field.name);
    if (!fresh) {
      return fmt::format("SQL cannot tell the bronze columns `{}` and `{}` apart", other->second,
                         field.name);
    }
  }
  return std::nullopt;
}

std::optional<std::string> UnusableBronze(const BronzeSpec& bronze) {
  for (const std::string_view taken : {"system", "temp", "memory"}) {
    if (Lowered(bronze.table.ns) == taken) {
      return fmt::format("the namespace `{}` means something else in SQL", bronze.table.ns);
    }
  }
  return AmbiguousColumn(bronze);
}

}  // namespace

std::expected<std::vector<CompiledTable>, std::vector<SqlProblem>> CompileSilver(
    const BronzeSpec& bronze, const std::vector<SilverSpec>& silver) {
  const auto failed = [](std::string message, std::string hint) {
    return std::unexpected(
        std::vector{SqlProblem{"E0302", 0, std::nullopt, 0, std::move(message), std::move(hint)}});
  };
  if (silver.empty()) return {};
  if (auto reason = UnusableBronze(bronze)) return failed(std::move(*reason), "rename one");
  auto scratch = SqlScratch::Make(bronze);
  if (!scratch) return failed(scratch.error().message, scratch.error().hint);
  auto book = FunctionBook::Load(scratch->connection());
  if (!book) return failed(book.error().message, book.error().hint);
  std::vector<CompiledTable> tables;
  std::vector<SqlProblem> problems;
  for (size_t i = 0; i < silver.size(); ++i) {
    TableCompiler compiler(*scratch, *book, bronze, silver[i]);
    if (auto table = compiler.Compile()) tables.push_back(std::move(*table));
    compiler.Report(i, problems);
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return tables;
}

}  // namespace sluice
