#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "transform/duck_transform.h"
#include "transform/test_bronze.h"

namespace sluice {
namespace {

struct Table {
  SilverSpec silver;
  std::vector<std::string> out;
  std::string left_out;
  std::vector<std::string> failed;
};

struct Case {
  std::string name;
  std::vector<Field> columns;
  std::string rows;
  std::vector<Table> tables;
  std::vector<std::string> rejects;
};

Expectation ParseExpectation(const std::string& line) {
  const size_t blank = line.find(' ');
  const size_t colon = line.find(": ");
  const std::string otherwise = line.substr(blank + 1, colon - blank - 1);
  Expectation check;
  check.name = line.substr(0, blank);
  check.check = line.substr(colon + 2);
  check.otherwise = otherwise == "quarantine" ? Otherwise::kQuarantine
                    : otherwise == "drop"     ? Otherwise::kDrop
                    : otherwise == "fail"     ? Otherwise::kFail
                                              : Otherwise::kWarn;
  return check;
}

void TakeLine(const std::string& block, const std::string& line, Case& into) {
  const auto table = [&]() -> Table& { return into.tables.back(); };
  if (block == "columns") {
    const size_t colon = line.find(": ");
    into.columns.push_back({line.substr(0, colon), *ParseType(line.substr(colon + 2))});
  } else if (block == "rows") {
    into.rows += line;
  } else if (block == "sql") {
    table().silver.sql += line + "\n";
  } else if (block == "expect") {
    table().silver.expect.push_back(ParseExpectation(line));
  } else if (block == "out") {
    table().out.push_back(line);
  } else if (block == "left_out") {
    table().left_out = line;
  } else if (block == "failed") {
    table().failed.push_back(line);
  } else if (block == "rejects") {
    into.rejects.push_back(line);
  } else {
    ADD_FAILURE() << "unknown block " << block;
  }
}

std::vector<Case> ReadCases() {
  std::ifstream in(SLUICE_SOURCE_DIR "/tests/cases/transform/rows.test");
  std::vector<Case> cases;
  std::string block;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), {}, {}, {}, {}});
    } else if (line.starts_with("--- ")) {
      block = line.substr(4);
      if (block != "sql") continue;
      Table& table = cases.back().tables.emplace_back();
      table.silver.table = {"processed", fmt::format("t{}", cases.back().tables.size() - 1)};
      table.silver.from = {"raw", "books"};
    } else if (!line.empty() && !cases.empty()) {
      TakeLine(block, line, cases.back());
    }
  }
  return cases;
}

std::string Offsets(const std::vector<RecordId>& ids) {
  std::vector<std::string> offsets;
  for (const auto& id : ids) offsets.push_back(std::to_string(id.offset.value));
  return Join(offsets, " ");
}

class RowsTest : public testing::Test {
 protected:
  void Check(const Case& one) {
    BronzeSpec bronze;
    bronze.table = {"raw", "books"};
    bronze.columns = one.columns;
    std::vector<SilverSpec> silver;
    for (const auto& table : one.tables) silver.push_back(table.silver);
    auto transform = MakeDuckTransform(*engine_, bronze, silver);
    ASSERT_TRUE(transform.has_value()) << transform.error()[0].message;
    const Chunks rows = bronze_.Make(one.columns, RowsSql(one));
    Arena arena;
    const auto made = (*transform)->Run(rows, arena);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    Compare(one, **transform, *made);
  }

  std::string RowsSql(const Case& one) {
    std::vector<std::string> names;
    for (size_t i = 0; i < one.columns.size(); ++i) names.push_back(fmt::format("c{}", i));
    return fmt::format("SELECT *, row_number() OVER () - 1 AS i FROM (VALUES {}) v({})", one.rows,
                       Join(names, ", "));
  }

  void Compare(const Case& one, const Transform& transform, const Transformed& made) {
    std::vector<std::vector<std::string>> failed(one.tables.size());
    for (const auto& count : made.expectations) {
      failed[count.table].push_back(fmt::format("{} {}", count.name, count.failed));
    }
    for (size_t i = 0; i < one.tables.size(); ++i) {
      SCOPED_TRACE(fmt::format("table {}", i));
      EXPECT_EQ(bronze_.Show(transform.Columns(i), made.silver[i]), one.tables[i].out);
      EXPECT_EQ(Offsets(made.left_out[i]), one.tables[i].left_out);
      EXPECT_EQ(failed[i], one.tables[i].failed);
    }
    std::vector<std::string> rejects;
    for (const auto& reject : made.rejects) {
      rejects.push_back(fmt::format("{} {} {}: {}", reject.id.offset.value, reject.reason,
                                    reject.field, reject.detail));
    }
    EXPECT_EQ(rejects, one.rejects);
  }

  std::unique_ptr<DuckEngine> engine_ = *DuckEngine::Make();
  TestBronze bronze_{*engine_};
};

TEST_F(RowsTest, EveryCase) {
  const auto cases = ReadCases();
  ASSERT_GE(cases.size(), 15U);
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    Check(one);
  }
}

}  // namespace
}  // namespace sluice
