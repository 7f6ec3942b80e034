#include "pipeline/dba_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/schema.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Spec Books() {
  Spec spec;
  spec.pipeline = "books";
  SilverSpec append, upsert, lake_only;
  append.warehouse = {
      .schema = "store", .table = "rows", .mode = WriteMode::kAppend, .key = {}, .place = {}};
  upsert.warehouse = {.schema = "odd\"one",
                      .table = "latest",
                      .mode = WriteMode::kUpsert,
                      .key = {"id"},
                      .place = {}};
  spec.silver = {append, upsert, lake_only};
  return spec;
}

std::string Script(const Spec& spec) {
  return DbaScript(spec, {"books", "app", "reader"},
                   {{"store.rows", "create", "", "CREATE TABLE store.rows (x int)"},
                    {"store.other", "none", "", ""}});
}

TEST(DbaScriptTest, GivesEachTableWhatItsModeNeeds) {
  const std::string script = Script(Books());
  EXPECT_THAT(script, HasSubstr("CREATE TABLE store.rows (x int);\n"));
  EXPECT_THAT(script, Not(HasSubstr("store.other")));
  EXPECT_THAT(script, HasSubstr("GRANT SELECT, INSERT ON \"store\".\"rows\" TO \"app\";"));
  EXPECT_THAT(script,
              HasSubstr("GRANT SELECT, INSERT, UPDATE ON \"odd\"\"one\".\"latest\" TO \"app\";"));
  EXPECT_THAT(script, HasSubstr("GRANT SELECT ON \"odd\"\"one\".\"latest\" TO \"reader\";"));
  EXPECT_THAT(script, Not(HasSubstr("CREATE ON SCHEMA"))) << "nobody needs it without gold";
}

TEST(DbaScriptTest, DbtMayMakeTablesInItsSchemaOnly) {
  Spec spec = Books();
  spec.gold = {.dbt = "/books", .schema = "gold"};
  EXPECT_THAT(Script(spec), HasSubstr("GRANT USAGE, CREATE ON SCHEMA \"gold\" TO \"app\";"));
}

// A table that somebody adds to the ledger and forgets here would stop a run of least rights.
TEST(DbaScriptTest, EveryTableOfTheLedgerIsGranted) {
  constexpr std::string_view kCreate = "CREATE TABLE IF NOT EXISTS sluice.";
  const std::string tables = LedgerTablesSql(), script = Script(Books());
  const std::string rights = script.substr(script.find("-- What a run may do"));
  const std::string readers = rights.substr(rights.find("-- What readers may do"));
  int found = 0;
  for (size_t at = tables.find(kCreate); at != std::string::npos;
       at = tables.find(kCreate, at + 1)) {
    const size_t name = at + kCreate.size();
    const std::string table = "sluice." + tables.substr(name, tables.find(' ', name) - name);
    EXPECT_NE(rights.substr(0, rights.find(readers)).find(table), std::string::npos) << table;
    EXPECT_NE(readers.find(table), std::string::npos) << table;
    ++found;
  }
  EXPECT_GE(found, 9);
}

}  // namespace
}  // namespace sluice
