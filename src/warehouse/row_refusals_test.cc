#include "warehouse/row_refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "warehouse/warehouse_fixture.h"

namespace sluice {
namespace {

using ::testing::SizeIs;

class RowRefusalsTest : public WarehouseSuite {};

TEST_F(RowRefusalsTest, FindsEachRefusedRowAndLeavesNothing) {
  std::vector<Field> columns = Books();
  columns.push_back({"j", {.kind = TypeKind::kList, .children = {{"element", kText}}}});
  for (const bool upsert : {false, true}) {
    ASSERT_TRUE(session_->Query("DROP TABLE IF EXISTS books_silver"));
    const auto sink = SinkOf(
        TableOf(columns, upsert ? std::vector<std::string>{"title"} : std::vector<std::string>{}));
    ASSERT_TRUE(sink->Prepare(*session_));
    ASSERT_TRUE(session_->Query("ALTER TABLE books_silver ADD CHECK (sales <> 77)"));
    const RowBatch batch = Batch(
        "SELECT CASE WHEN i = 500 THEN 'a' || chr(0) ELSE 'title ' || i END, 'author', "
        "CASE WHEN i IN (0, 4999) THEN 77 ELSE 1 END::DOUBLE, "
        "CASE WHEN i = 2500 THEN [chr(0)] ELSE ['x'] END, "
        "CASE WHEN i = 3000 THEN '290000-01-01 (BC) 00:00:00+00' ELSE '2024-01-01 00:00:00+00' "
        "END::TIMESTAMPTZ, "
        "1::INTEGER, (i % 2)::INTEGER, i::BIGINT FROM range(5000) r(i)");
    const Status refused = Commit(*sink, *session_, batch);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kBadData) << refused.error().message;
    const auto rejects = sink->FindRejects(*session_, batch);
    ASSERT_TRUE(rejects) << rejects.error().message;
    std::string found;
    for (const auto& reject : *rejects) {
      found += std::to_string(reject.id.partition.value) + ":" +
               std::to_string(reject.id.offset.value) + " " + reject.reason + "\n";
    }
    EXPECT_EQ(found,
              "0:0 warehouse_rejected:23514\n0:500 warehouse_rejected:22021\n"
              "0:2500 warehouse_rejected:22P05\n0:3000 warehouse_rejected:22008\n"
              "1:4999 warehouse_rejected:23514\n");
    EXPECT_EQ(Text("SELECT count(*) FROM books_silver"), "0|\n");
  }
}

TEST_F(RowRefusalsTest, ARefusedRowIsFoundAlsoWhenANewerOneTakesItsPlace) {
  const auto sink = SinkOf(TableOf(Books(), {"title"}));
  ASSERT_TRUE(sink->Prepare(*session_));
  const RowBatch batch =
      Batch(BookRows("('t', 'a' || chr(0), 1, NULL, 0, 7), ('t', 'b', 2, NULL, 0, 8)"));
  EXPECT_EQ(Commit(*sink, *session_, batch).error().code, "22021");
  const auto rejects = sink->FindRejects(*session_, batch);
  ASSERT_TRUE(rejects) << rejects.error().message;
  ASSERT_THAT(*rejects, SizeIs(1));
  EXPECT_EQ(rejects->at(0).id.offset.value, 7);
}

TEST_F(RowRefusalsTest, OfTwoRowsWithOneKeyTheSecondIsRefused) {
  const auto sink = SinkOf(TableOf(Books()));
  ASSERT_TRUE(sink->Prepare(*session_));
  ASSERT_TRUE(
      session_->Query("ALTER TABLE books_silver ADD UNIQUE (title) DEFERRABLE INITIALLY DEFERRED"));
  const RowBatch batch =
      Batch(BookRows("('t', 'a', 1, NULL, 0, 0), ('u', 'a', 1, NULL, 0, 1), "
                     "('t', 'a', 1, NULL, 0, 2)"));
  const auto rejects = sink->FindRejects(*session_, batch);
  ASSERT_TRUE(rejects) << rejects.error().message;
  ASSERT_THAT(*rejects, SizeIs(1));
  EXPECT_EQ(rejects->at(0).id.offset.value, 2);
  EXPECT_EQ(rejects->at(0).reason, "warehouse_rejected:23505");
}

TEST_F(RowRefusalsTest, AKeyBeyondTheIndexLimitIsTheRowsFault) {
  const auto sink = SinkOf(TableOf(Books(), {"title"}));
  ASSERT_TRUE(sink->Prepare(*session_));
  const RowBatch batch = Batch(
      "SELECT CASE WHEN i = 1 THEN (SELECT string_agg(md5(x::VARCHAR), '') FROM range(300) q(x)) "
      "ELSE 'short' || i END, "
      "'a', 1::DOUBLE, NULL::TIMESTAMPTZ, 1::INTEGER, 0::INTEGER, i::BIGINT FROM range(3) r(i) "
      "ORDER BY i");
  EXPECT_EQ(Commit(*sink, *session_, batch).error().kind, ErrorKind::kBadData);
  const auto rejects = sink->FindRejects(*session_, batch);
  ASSERT_TRUE(rejects) << rejects.error().message;
  ASSERT_THAT(*rejects, SizeIs(1));
  EXPECT_EQ(rejects->at(0).id.offset.value, 1);
  EXPECT_EQ(rejects->at(0).reason, "index_key_too_large");
}

TEST_F(RowRefusalsTest, NoRejectsWhereTheServerTakesAll) {
  const auto sink = SinkOf(TableOf(Books(), {"title"}));
  ASSERT_TRUE(sink->Prepare(*session_));
  const auto rejects = sink->FindRejects(*session_, Batch(BookRows("('t', 'a', 1, NULL, 0, 0)")));
  ASSERT_TRUE(rejects);
  EXPECT_TRUE(rejects->empty());
  EXPECT_EQ(Text("SELECT count(*) FROM books_silver"), "0|\n");
}

TEST_F(RowRefusalsTest, FindRejectsHandsOnWhatIsNoRowsFault) {
  const auto sink = SinkOf(TableOf(Books()));
  const auto rejects = sink->FindRejects(*session_, Batch(BookRows("('t', 'a', 1, NULL, 0, 0)")));
  ASSERT_FALSE(rejects);
  EXPECT_EQ(rejects.error().code, "42P01");
  EXPECT_EQ(rejects.error().kind, ErrorKind::kFatal);
  EXPECT_TRUE(session_->Query("SELECT 1"));
}

}  // namespace
}  // namespace sluice
