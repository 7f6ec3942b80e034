#include "warehouse/warehouse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "warehouse/live_table.h"
#include "warehouse/warehouse_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class WarehouseTest : public WarehouseSuite {
 protected:
  // From PostgreSQL 15 on a unique index can take NULL for a value.
  bool HoldsNullKeys() { return *ReadServerVersion(*session_) >= 150'000; }
};

TEST_F(WarehouseTest, CreatesTablesWithCommentsAndLineage) {
  const auto sink = SinkOf(TableOf(Books(), {"title", "Author(s)"}));
  const auto plan = sink->Plan(*session_);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_THAT(*plan, SizeIs(1));
  EXPECT_EQ(plan->at(0).action, "create");
  const bool null_keys = HoldsNullKeys();
  EXPECT_THAT(plan->at(0).sql, HasSubstr(null_keys ? "NULLS NOT DISTINCT" : "PRIMARY KEY"));
  EXPECT_EQ(Text("SELECT to_regclass('books_silver')"), "NULL|\n");
  ASSERT_TRUE(sink->Prepare(*session_));
  EXPECT_EQ(
      Text("SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute "
           "WHERE attrelid = 'books_silver'::regclass AND attnum > 0 ORDER BY attnum"),
      (null_keys ? "title|text|f|\nAuthor(s)|text|f|\n" : "title|text|t|\nAuthor(s)|text|t|\n") +
          std::string(
              "sales|double precision|f|\n"
              "_timestamp|timestamp with time zone|f|\n_log|integer|t|\n_partition|integer|t|\n"
              "_offset|bigint|t|\n"));
  EXPECT_EQ(Text("SELECT col_description('books_silver'::regclass, 1)"), "the book's \"title\"|\n");
  EXPECT_THAT(Text("SELECT obj_description('books_silver'::regclass)"),
              HasSubstr("title, Author(s)"));
  const auto again = sink->Plan(*session_);
  ASSERT_THAT(*again, SizeIs(1));
  EXPECT_EQ(again->at(0).action, "none");
  EXPECT_TRUE(sink->Prepare(*session_));
}

TEST_F(WarehouseTest, MakesAMissingSchema) {
  WarehouseTable table = TableOf(Books());
  table.spec.schema = "Gold \"x\"";
  const auto sink = SinkOf(std::move(table));
  ASSERT_TRUE(session_->Query("DROP SCHEMA IF EXISTS \"Gold \"\"x\"\"\" CASCADE"));
  const Status prepared = sink->Prepare(*session_);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(Text("SELECT count(*) FROM \"Gold \"\"x\"\"\".books_silver"), "0|\n");
}

TEST_F(WarehouseTest, TwoTablesShareANewSchema) {
  ASSERT_TRUE(session_->Query("DROP SCHEMA IF EXISTS fresh CASCADE"));
  std::vector<WarehouseTable> tables{TableOf(Books()), TableOf(Books())};
  tables[0].spec.schema = tables[1].spec.schema = "fresh";
  tables[1].spec.table = "other";
  const auto sink = MakeWarehouse(std::move(tables));
  ASSERT_TRUE(sink);
  const Status prepared = (*sink)->Prepare(*session_);
  EXPECT_TRUE(prepared) << prepared.error().message;
}

TEST_F(WarehouseTest, AddsColumnsToATableInUse) {
  ASSERT_TRUE(SinkOf(TableOf({Books()[0]}))->Prepare(*session_));
  const auto sink = SinkOf(TableOf(Books()));
  const auto plan = sink->Plan(*session_);
  ASSERT_THAT(*plan, SizeIs(1));
  EXPECT_EQ(plan->at(0).action, "add column");
  EXPECT_EQ(plan->at(0).detail, "Author(s) text, sales double precision");
  ASSERT_TRUE(sink->Prepare(*session_));
  ASSERT_TRUE(Commit(*sink, *session_, Batch(BookRows("('t', 'a', 1.5, NULL, 0, 0)"))));
  EXPECT_EQ(Text("SELECT title, \"Author(s)\", sales FROM books_silver"), "t|a|1.5|\n");
}

TEST_F(WarehouseTest, TakesOverATableThatFits) {
  ASSERT_TRUE(session_->Query(
      "CREATE TABLE books_silver (id bigint GENERATED ALWAYS AS IDENTITY, sales numeric, "
      "_offset bigint, _partition int, _log int, _timestamp timestamptz, note text DEFAULT 'x' NOT "
      "NULL, "
      "title varchar, \"Author(s)\" text, PRIMARY KEY (\"Author(s)\", title))"));
  std::vector<Field> columns = Books();
  columns[2].type = {.kind = TypeKind::kDecimal, .precision = 10, .scale = 2};
  const auto sink = SinkOf(TableOf(columns, {"title", "Author(s)"}));
  const auto plan = sink->Plan(*session_);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->at(0).action, "none");
  const std::string rows =
      "SELECT 't', 'a', 1.25::DECIMAL(10,2), NULL::TIMESTAMPTZ, 1::INTEGER, "
      "0::INTEGER, 5::BIGINT";
  ASSERT_TRUE(Commit(*sink, *session_, Batch(rows)));
  EXPECT_EQ(Text("SELECT id, sales, title, note, _offset FROM books_silver"), "1|1.25|t|x|5|\n");
}

TEST_F(WarehouseTest, NamesEveryDifferenceWithItsCure) {
  ASSERT_TRUE(session_->Query(
      "CREATE TABLE books_silver (title int, \"Author(s)\" text GENERATED ALWAYS AS ('x') STORED, "
      "must text NOT NULL, _timestamp timestamp, _log int, _partition int)"));
  const auto sink = SinkOf(TableOf(Books()));
  for (const auto& error : {sink->Plan(*session_).error(), sink->Prepare(*session_).error()}) {
    EXPECT_EQ(error.kind, ErrorKind::kInvalidConfig);
    EXPECT_EQ(error.code, "E0401");
    EXPECT_EQ(std::ranges::count(error.message, '\n'), 5);
    EXPECT_THAT(error.message, HasSubstr("column `title` is integer, and must be text: cast it"));
    EXPECT_THAT(error.message, HasSubstr("column `Author(s)` is generated"));
    EXPECT_THAT(error.message, HasSubstr("column `must` is NOT NULL"));
    EXPECT_THAT(error.message, HasSubstr("column `_timestamp` is timestamp without time zone"));
    EXPECT_THAT(error.message, HasSubstr("lineage column `_offset` is missing"));
  }
  EXPECT_TRUE(session_->Query("SELECT 1"));
}

TEST_F(WarehouseTest, RefusesWhatIsNoTable) {
  ASSERT_TRUE(session_->Query("CREATE VIEW books_silver AS SELECT 1 AS title"));
  const auto plan = SinkOf(TableOf(Books()))->Plan(*session_);
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().message, HasSubstr("public.books_silver is a view"));
}

TEST_F(WarehouseTest, RefusesATableThatWouldLoseRows) {
  const auto sink = SinkOf(TableOf(Books()));
  ASSERT_TRUE(sink->Prepare(*session_));
  ASSERT_TRUE(session_->Query("ALTER TABLE books_silver SET UNLOGGED"));
  EXPECT_THAT(sink->Plan(*session_).error().message, HasSubstr("is UNLOGGED"));
  ASSERT_TRUE(session_->Query(
      "ALTER TABLE books_silver SET LOGGED, ENABLE ROW LEVEL SECURITY; DROP ROLE IF EXISTS poor; "
      "CREATE ROLE poor; GRANT ALL ON books_silver TO poor; GRANT ALL ON SCHEMA public TO poor"));
  EXPECT_TRUE(sink->Plan(*session_)) << "a superuser sees every row";
  ASSERT_TRUE(session_->Query("SET ROLE poor"));
  EXPECT_THAT(sink->Plan(*session_).error().message, HasSubstr("row security for role poor"));
}

TEST_F(WarehouseTest, NamesTheRightsThatAreMissing) {
  const auto sink = SinkOf(TableOf(Books(), {"title"}));
  ASSERT_TRUE(sink->Prepare(*session_));
  ASSERT_TRUE(session_->Query(
      "DROP ROLE IF EXISTS poor; CREATE ROLE poor; GRANT SELECT ON books_silver TO poor; "
      "SET ROLE poor"));
  const auto plan = sink->Plan(*session_);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->at(0).action, "grant");
  EXPECT_EQ(plan->at(0).detail, "role poor lacks USAGE, INSERT, UPDATE");
  EXPECT_EQ(plan->at(0).sql,
            "GRANT USAGE ON SCHEMA \"public\" TO \"poor\";\n"
            "GRANT INSERT, UPDATE ON \"public\".\"books_silver\" TO \"poor\"");
  const Status refused = sink->Prepare(*session_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidConfig);
  ASSERT_TRUE(session_->Query("RESET ROLE; " + plan->at(0).sql + "; SET ROLE poor"));
  EXPECT_EQ(sink->Plan(*session_)->at(0).action, "none");
  EXPECT_TRUE(Commit(*sink, *session_, Batch(BookRows("('t', 'a', 1.5, NULL, 0, 0)"))));
}

TEST_F(WarehouseTest, AnExistingTableWithDoubleKeysIsRefused) {
  ASSERT_TRUE(SinkOf(TableOf(Books()))->Prepare(*session_));
  const auto sink = SinkOf(TableOf(Books(), {"title"}));
  ASSERT_TRUE(
      session_->Query("INSERT INTO books_silver (title, _log, _partition, _offset) VALUES "
                      "('t', 1, 0, 0), ('t', 1, 0, 1)"));
  EXPECT_EQ(sink->Plan(*session_)->at(0).action, "add key");
  const Status refused = sink->Prepare(*session_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E0401");
  ASSERT_TRUE(session_->Query("DELETE FROM books_silver WHERE _offset = 1"));
  EXPECT_TRUE(sink->Prepare(*session_));
  EXPECT_EQ(sink->Plan(*session_)->at(0).action, "none");
}

TEST_F(WarehouseTest, NamesThatPostgresWouldCutAreRefused) {
  const std::string name(64, 'x');
  std::vector<Field> columns{{name, kText}, {"ctid", kText}, {"_log", kText}};
  WarehouseTable table = TableOf(columns, {"absent"});
  table.spec.table = std::string(32, '\xC3') + std::string(32, 'a');
  std::vector<WarehouseTable> tables{table, table};
  const auto sink = MakeWarehouse(tables);
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_EQ(sink.error().code, "E0408");
  for (const char* part : {"table name has 64 bytes", "column name has 64 bytes", "`ctid`",
                           "two columns `_log`", "key column `absent`", "two silver tables"}) {
    EXPECT_THAT(sink.error().message, HasSubstr(part));
  }
}

TEST_F(WarehouseTest, AppendsEveryRowAgainAfterARollback) {
  const auto sink = SinkOf(TableOf(Books()));
  ASSERT_TRUE(sink->Prepare(*session_));
  const auto staged =
      *sink->Stage(Batch(BookRows("('t', 'a', 1, NULL, 0, 0), ('t', 'a', 1, NULL, 0, 1)")));
  ASSERT_TRUE(session_->Query("BEGIN"));
  ASSERT_TRUE(staged->Apply(*session_, CommitId::Random()));
  ASSERT_TRUE(session_->Query("ROLLBACK"));
  const auto other = Connect();
  ASSERT_TRUE(other->Query("BEGIN"));
  ASSERT_TRUE(staged->Apply(*other, CommitId::Random()));
  ASSERT_TRUE(other->Query("COMMIT"));
  EXPECT_EQ(Text("SELECT title, _offset FROM books_silver ORDER BY 2"), "t|0|\nt|1|\n");
}

TEST_F(WarehouseTest, ATriggerThatSwallowsRowsBreaksTheInvariant) {
  const auto sink = SinkOf(TableOf(Books()));
  ASSERT_TRUE(sink->Prepare(*session_));
  ASSERT_TRUE(session_->Query(
      "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
      "CREATE TRIGGER t BEFORE INSERT ON books_silver FOR EACH ROW EXECUTE FUNCTION swallow()"));
  const Status applied = Commit(*sink, *session_, Batch(BookRows("('t', 'a', 1, NULL, 0, 0)")));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, ErrorKind::kInvariant);
}

TEST_F(WarehouseTest, BatchesWithoutRowsTouchNothing) {
  const auto sink = SinkOf(TableOf(Books()));
  EXPECT_TRUE(Commit(*sink, *session_, BatchOf({})));
}

// The same batches in every order must leave the same rows.
TEST_F(WarehouseTest, UpsertsDoNotDependOnTheOrderOfCommits) {
  if (!HoldsNullKeys()) GTEST_SKIP() << "before 15 a key holds no NULL: such records are refused";
  const std::string two = "'2024-01-01 00:00:02+00'";
  const std::array<std::string, 4> batches{
      BookRows("('t', NULL, 1, " + two + ", 0, 10), ('t', NULL, 2, " + two + ", 0, 11), " +
               "('u', 'a', 3, NULL, 0, 12), (NULL, NULL, 30, '2024-01-01 00:00:00+00', 0, 13)"),
      BookRows("('t', NULL, 4, " + two + ", 1, 1), ('u', 'a', 5, NULL, 1, 2), ('v', '', 40, " +
               two + ", 1, 3), ('v', '', 42, " + two + ", 1, 6), ('v', '', 41, " + two + ", 1, 4)"),
      BookRows("('t', NULL, 6, '2024-01-01 00:00:01+00', 2, 99), "
               "('u', 'a', 7, '1970-01-01 00:00:00+00', 2, 3), (NULL, NULL, 31, NULL, 2, 4)"),
      BookRows("('t', '', 8, NULL, 3, 500), ('u', 'a', 9, NULL, 3, 501), ('v', '', 43, " + two +
               ", 1, 5)")};
  const auto sink = SinkOf(TableOf(Books(), {"title", "Author(s)"}));
  std::array<size_t, 4> order{0, 1, 2, 3};
  do {
    ASSERT_TRUE(session_->Query("DROP TABLE IF EXISTS books_silver"));
    ASSERT_TRUE(sink->Prepare(*session_));
    for (const size_t i : order) {
      const Status committed = Commit(*sink, *session_, Batch(batches[i]));
      ASSERT_TRUE(committed) << committed.error().message;
    }
    ASSERT_EQ(Text("SELECT title, \"Author(s)\", sales, _partition, _offset FROM books_silver "
                   "ORDER BY title, \"Author(s)\" NULLS LAST"),
              "t||8|3|500|\nt|NULL|4|1|1|\nu|a|7|2|3|\nv||42|1|6|\nNULL|NULL|30|0|13|\n");
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(WarehouseTest, AnUpsertSeenTwiceChangesNothing) {
  const auto sink = SinkOf(TableOf(Books(), {"title"}));
  ASSERT_TRUE(sink->Prepare(*session_));
  const std::string rows = BookRows("('t', 'a', 1, NULL, 0, 1)");
  ASSERT_TRUE(Commit(*sink, *session_, Batch(rows)));
  const std::string before = Text("SELECT ctid, * FROM books_silver");
  ASSERT_TRUE(Commit(*sink, *session_, Batch(rows)));
  EXPECT_EQ(Text("SELECT ctid, * FROM books_silver"), before);
  const std::string staging = Text(
      "SELECT oid::regclass FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND "
      "relkind = 'r'");
  EXPECT_EQ(Text("SELECT count(*) FROM " + staging.substr(0, staging.find('|'))), "0|\n");
}

TEST_F(WarehouseTest, ASessionGoesOnWithTheNewShapeOfATable) {
  const auto narrow = SinkOf(TableOf({Books()[0]}, {"title"}));
  ASSERT_TRUE(narrow->Prepare(*session_));
  ASSERT_TRUE(Commit(*narrow, *session_,
                     Batch("SELECT 't', NULL::TIMESTAMPTZ, 1::INTEGER, 0::INTEGER, 0::BIGINT")));
  const auto wide = SinkOf(TableOf(Books(), {"title"}));
  ASSERT_TRUE(wide->Prepare(*session_));
  ASSERT_TRUE(Commit(*wide, *session_, Batch(BookRows("('t', 'a', 2, NULL, 0, 1)"))));
  EXPECT_EQ(Text("SELECT title, \"Author(s)\", sales FROM books_silver"), "t|a|2|\n");
}

// 0 and -0, and all NaN, are one key for PostgreSQL, and have other bytes.
TEST_F(WarehouseTest, KeysMayBeTheSameWithOtherBytes) {
  const Type list{.kind = TypeKind::kList, .children = {{"element", kDouble}}};
  const auto sink = SinkOf(TableOf({{"d", kDouble}, {"l", list}}, {"d", "l"}));
  ASSERT_TRUE(sink->Prepare(*session_));
  const std::string rows =
      "SELECT d::DOUBLE, [l::DOUBLE], NULL::TIMESTAMPTZ, 1::INTEGER, 0::INTEGER, o::BIGINT FROM "
      "(VALUES ('0', '-0.0', 0), ('-0.0', '0', 1), ('nan', '1', 2), ('-nan', '1', 3)) v(d, l, o)";
  const Status committed = Commit(*sink, *session_, Batch(rows));
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_EQ(Text("SELECT _offset FROM books_silver ORDER BY 1"), "1|\n3|\n");
}

}  // namespace
}  // namespace sluice
