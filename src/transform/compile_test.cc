#include "transform/compile.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/text.h"

namespace sluice {
namespace {

Field Declared(const char* name, const char* type) {
  return {name, *ParseType(type)};
}

BronzeSpec Books() {
  BronzeSpec bronze;
  bronze.table = {"raw", "books"};
  bronze.columns = {Declared("Book", "string"),
                    Declared("Author(s)", "string"),
                    Declared("First published", "int"),
                    Declared("price", "decimal(10,2)"),
                    Declared("sales", "double"),
                    Declared("tags", "list<string>"),
                    Declared("who", "struct<name: string, born: date>"),
                    Declared("user", "string"),
                    Declared("seen", "timestamptz")};
  return bronze;
}

SilverSpec Silver(std::string sql) {
  SilverSpec silver;
  silver.table = {"processed", "books"};
  silver.from = {"raw", "books"};
  silver.sql = std::move(sql);
  return silver;
}

Expectation Check(std::string name, std::string check) {
  Expectation expectation;
  expectation.name = std::move(name);
  expectation.check = std::move(check);
  return expectation;
}

struct Expected {
  std::string code;
  std::optional<size_t> expectation;
  size_t offset;
  std::string words;
};

struct Case {
  std::string name;
  SilverSpec silver;
  std::vector<Expected> problems;
  std::string columns;
};

// Takes one line of a case: SQL, a check, a caret below one of them, or the columns.
void TakeLine(const std::string& line, size_t& line_start, Case& into) {
  const size_t mark = line.find_first_not_of(' ');
  SilverSpec& silver = into.silver;
  if (mark != std::string::npos && line.substr(mark).starts_with("^ E03")) {
    std::optional<size_t> check;
    if (!silver.expect.empty()) check = silver.expect.size() - 1;
    const size_t head = check ? fmt::format("expect {}: ", silver.expect.back().name).size() : 0;
    into.problems.push_back({line.substr(mark + 2, 5), check, line_start + mark - head,
                             line.size() > mark + 8 ? line.substr(mark + 8) : ""});
  } else if (line.starts_with("expect ")) {
    const size_t colon = line.find(':');
    silver.expect.push_back(Check(line.substr(7, colon - 7), line.substr(colon + 2)));
    line_start = 0;
  } else if (line.starts_with("= ")) {
    into.columns = line.substr(2);
  } else {
    if (!silver.sql.empty()) silver.sql += '\n';
    line_start = silver.sql.size();
    silver.sql += line;
  }
}

std::vector<Case> ReadCases(const std::string& file) {
  std::ifstream in(fmt::format("{}/tests/cases/transform/{}", SLUICE_SOURCE_DIR, file));
  std::vector<Case> cases;
  size_t line_start = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), Silver(""), {}, {}});
    } else if (!cases.empty() && !line.empty()) {
      TakeLine(line, line_start, cases.back());
    }
  }
  return cases;
}

std::string Shown(const std::vector<SqlProblem>& problems) {
  std::string text;
  for (const auto& problem : problems) {
    text += fmt::format("{} check {} at {}: {} ({})\n", problem.code,
                        problem.expectation ? static_cast<int>(*problem.expectation) : -1,
                        problem.offset, problem.message, problem.hint);
  }
  return text;
}

std::vector<SilverSpec> AllTables(const std::vector<Case>& cases) {
  std::vector<SilverSpec> tables;
  for (const Case& one : cases) tables.push_back(one.silver);
  return tables;
}

TEST(CompileTest, RefusesWithReasonAndPlace) {
  const auto cases = ReadCases("refusals.test");
  ASSERT_GE(cases.size(), 60U);
  const auto compiled = CompileSilver(Books(), AllTables(cases));
  ASSERT_FALSE(compiled.has_value());
  std::vector<std::vector<SqlProblem>> by_table(cases.size());
  for (const auto& problem : compiled.error()) by_table[problem.table].push_back(problem);
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].name + "\n" + Shown(by_table[i]));
    const auto& wanted = cases[i].problems;
    EXPECT_FALSE(wanted.empty());
    EXPECT_EQ(by_table[i].size(), wanted.size());
    for (size_t k = 0; k < std::min(by_table[i].size(), wanted.size()); ++k) {
      const SqlProblem& problem = by_table[i][k];
      EXPECT_EQ(problem.code, wanted[k].code);
      EXPECT_EQ(problem.expectation, wanted[k].expectation);
      EXPECT_EQ(problem.offset, wanted[k].offset);
      EXPECT_THAT(problem.message + " " + problem.hint, testing::HasSubstr(wanted[k].words));
    }
  }
}

TEST(CompileTest, AcceptsRowWiseSql) {
  const auto cases = ReadCases("accepted.test");
  ASSERT_GE(cases.size(), 20U);
  const auto compiled = CompileSilver(Books(), AllTables(cases));
  ASSERT_TRUE(compiled.has_value()) << Shown(compiled.error());
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].name);
    std::vector<std::string> columns;
    for (const auto& field : compiled->at(i).columns) {
      columns.push_back(field.name + " " + Spell(field.type));
    }
    EXPECT_EQ(Join(columns, ", "), cases[i].columns);
  }
}

TEST(CompileTest, ReportsAllTablesAtOnce) {
  SilverSpec good = Silver("SELECT \"Book\" FROM raw.books");
  SilverSpec bad = Silver("SELECT random() AS r FROM raw.books");
  bad.expect = {Check("a", "nosuch > 0"), Check("b", "sum(r) > 0")};
  SilverSpec worse = Silver("SELECT nosuch FROM raw.books");
  worse.expect = {Check("a", "now() > nosuch")};
  const auto compiled = CompileSilver(Books(), {good, bad, worse});
  ASSERT_FALSE(compiled.has_value());
  SCOPED_TRACE(Shown(compiled.error()));
  // `nosuch > 0` waits until its table's columns are known.
  ASSERT_EQ(compiled.error().size(), 4U);
  EXPECT_EQ(compiled.error()[0].table, 1U);
  EXPECT_EQ(compiled.error()[0].code, "E0305");
  EXPECT_EQ(compiled.error()[1].expectation, 1U);
  EXPECT_EQ(compiled.error()[2].table, 2U);
  EXPECT_EQ(compiled.error()[2].code, "E0302");
  EXPECT_EQ(compiled.error()[3].code, "E0305");
}

TEST(CompileTest, RefusesNulInSqlAndChecks) {
  SilverSpec silver = Silver("SELECT \"Book\" FROM raw.books");
  silver.sql.push_back('\0');
  silver.sql += ", sum(x)";
  silver.expect = {Check("a", std::string("true\0 or", 8))};
  const auto compiled = CompileSilver(Books(), {silver});
  ASSERT_FALSE(compiled.has_value());
  ASSERT_EQ(compiled.error().size(), 2U) << Shown(compiled.error());
  EXPECT_EQ(compiled.error()[0].offset, 28U);
  EXPECT_EQ(compiled.error()[1].code, "E0304");
  EXPECT_EQ(compiled.error()[1].offset, 4U);
}

TEST(CompileTest, RefusesBronzeThatSqlCannotName) {
  const std::vector silver{Silver("SELECT \"Book\" FROM raw.books")};
  BronzeSpec bronze = Books();
  bronze.columns.push_back(Declared("BOOK", "string"));
  auto compiled = CompileSilver(bronze, silver);
  ASSERT_FALSE(compiled.has_value());
  EXPECT_THAT(compiled.error()[0].message, testing::HasSubstr("`Book` and `BOOK`"));
  bronze = Books();
  bronze.table.ns = "temp";
  compiled = CompileSilver(bronze, silver);
  ASSERT_FALSE(compiled.has_value());
  EXPECT_THAT(compiled.error()[0].message, testing::HasSubstr("`temp`"));
}

}  // namespace
}  // namespace sluice
