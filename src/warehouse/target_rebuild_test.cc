#include "warehouse/target_rebuild.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "warehouse/warehouse_fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

std::vector<Field> Columns() {
  return {{"title", {TypeKind::kString}}, {"n", {TypeKind::kInt}}};
}

// A row: title, n, the second of its Kafka timestamp, offset.
std::string Row(const std::string& title, int n, int second, int offset) {
  return fmt::format(
      "SELECT '{}'::VARCHAR AS title, {}::INTEGER AS n, to_timestamp({}) AS "
      "_timestamp, 1::INTEGER AS _log, 0::INTEGER AS _partition, {}::BIGINT AS _offset",
      title, n, second, offset);
}

class TargetRebuildTest : public WarehouseSuite {
 protected:
  void Open(std::vector<std::string> key) {
    ASSERT_TRUE(session_->Query("DROP SCHEMA IF EXISTS sluice CASCADE; CREATE SCHEMA sluice"));
    sink_ = SinkOf(TableOf(Columns(), key));
    ASSERT_TRUE(sink_->Prepare(*session_));
    auto rebuild = TargetRebuild::Make(TableOf(Columns(), key));
    ASSERT_TRUE(rebuild) << rebuild.error().message;
    rebuild_ = *std::move(rebuild);
    owner_ = Connect();
  }
  void Put(const std::string& row) {
    const Status put = Commit(*sink_, *session_, Batch(row));
    ASSERT_TRUE(put) << put.error().message;
  }
  void Wait(const std::string& row) {
    const Status put = Commit(rebuild_->waiting(), *owner_, Batch(row));
    ASSERT_TRUE(put) << put.error().message;
  }
  Status Swap(int64_t end, int64_t rows) {
    SLUICE_TRY(owner_->Query("BEGIN"));
    const auto swap = rebuild_->Swap({{LogId{1}, PartitionId{0}, Offset{end}}}, rows);
    Status done = swap->Apply(*owner_, CommitId::Random());
    SLUICE_TRY(owner_->Query(done ? "COMMIT" : "ROLLBACK"));
    return done;
  }
  std::string Rows() {
    return Text("SELECT title, n, _offset FROM public.books_silver ORDER BY _offset");
  }
  std::string Waiting() {
    return Text("SELECT count(*) FROM pg_class WHERE relname LIKE 'rebuild_%'");
  }

  std::unique_ptr<WarehouseSink> sink_;
  std::unique_ptr<TargetRebuild> rebuild_;
  std::unique_ptr<SqlSession> owner_;
};

TEST_F(TargetRebuildTest, AppendTakesTheNewRowsBelowTheMarkOnly) {
  Open({});
  Put(Row("old", 1, 1, 0));
  Put(Row("dropped", 1, 2, 1));
  ASSERT_TRUE(rebuild_->Begin(*owner_));
  Put(Row("came meanwhile", 3, 3, 2));
  Wait(Row("new", 2, 1, 0));
  EXPECT_EQ(Rows(), "old|1|0|\ndropped|1|1|\ncame meanwhile|3|2|\n") << "nothing is visible yet";
  const Status wrong = Swap(2, 7);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::kInvariant);
  ASSERT_TRUE(Swap(2, 1));
  EXPECT_EQ(Rows(), "new|2|0|\ncame meanwhile|3|2|\n");
  ASSERT_TRUE(rebuild_->End(*owner_));
  EXPECT_EQ(Waiting(), "0|\n");
}

// The new SQL's row of offset 1 loses against an old row whose record has another key now.
TEST_F(TargetRebuildTest, ARowThatLostAgainstAnOldOneIsThereAfterTheSwap) {
  Open({"title"});
  Put(Row("a", 1, 100, 0));
  ASSERT_TRUE(rebuild_->Begin(*owner_));
  Put(Row("a", 2, 50, 1));
  EXPECT_EQ(Rows(), "a|1|0|\n");
  Wait(Row("b", 1, 100, 0));
  ASSERT_TRUE(Swap(1, 1));
  EXPECT_EQ(Rows(), "b|1|0|\na|2|1|\n");
  ASSERT_TRUE(rebuild_->End(*owner_));
  Put(Row("c", 3, 101, 2));
  EXPECT_EQ(Rows(), "b|1|0|\na|2|1|\nc|3|2|\n") << "commits go their own way again";
}

TEST_F(TargetRebuildTest, TheGreatestWinsOverOldNewAndMeanwhile) {
  Open({"title"});
  Put(Row("a", 1, 10, 0));
  Put(Row("b", 2, 20, 1));
  ASSERT_TRUE(rebuild_->Begin(*owner_));
  Put(Row("a", 3, 30, 2));
  Put(Row("c", 4, 5, 3));
  Wait(Row("a", 10, 10, 0) + " UNION ALL " + Row("c", 20, 20, 1));
  ASSERT_TRUE(Swap(2, 2));
  EXPECT_EQ(Rows(), "c|20|1|\na|3|2|\n");
}

TEST_F(TargetRebuildTest, ADeadOneLeavesNothingThatMatters) {
  Open({"title"});
  Put(Row("a", 1, 10, 0));
  ASSERT_TRUE(rebuild_->Begin(*owner_));
  Wait(Row("half", 1, 10, 0));
  const std::string pid = std::to_string(owner_->BackendPid());
  ASSERT_TRUE(session_->Query("SELECT pg_terminate_backend(" + pid + ")"));
  while (Text("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid) != "0|\n") continue;
  Put(Row("b", 2, 20, 1));
  EXPECT_EQ(Rows(), "a|1|0|\nb|2|1|\n");
  owner_ = Connect();
  ASSERT_TRUE(rebuild_->Begin(*owner_));
  Wait(Row("whole", 1, 10, 0) + " UNION ALL " + Row("b", 2, 20, 1));
  ASSERT_TRUE(Swap(2, 2));
  EXPECT_EQ(Rows(), "whole|1|0|\nb|2|1|\n");
  ASSERT_TRUE(rebuild_->End(*owner_));
  EXPECT_EQ(Waiting(), "0|\n");
}

TEST_F(TargetRebuildTest, RefusedRowsAreFoundBeforeTheSwapOrEndIt) {
  Open({});
  ASSERT_TRUE(session_->Query("ALTER TABLE public.books_silver ADD CHECK (n < 100)"));
  ASSERT_TRUE(session_->Query("CREATE UNIQUE INDEX ON public.books_silver (title)"));
  ASSERT_TRUE(rebuild_->Begin(*owner_));
  const RowBatch batch = Batch(Row("big", 100, 1, 0) + " UNION ALL " + Row("good", 1, 1, 1));
  const auto rejects = rebuild_->waiting().FindRejects(*owner_, batch);
  ASSERT_TRUE(rejects) << rejects.error().message;
  ASSERT_EQ(rejects->size(), 1U);
  EXPECT_EQ(rejects->at(0).reason, "warehouse_rejected:23514");
  EXPECT_EQ(rejects->at(0).id.offset, Offset{0});
  Wait(Row("twice", 1, 1, 0) + " UNION ALL " + Row("twice", 2, 1, 1));
  const Status refused = Swap(2, 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_THAT(refused.error().message, HasSubstr("refuses the new rows"));
}

}  // namespace
}  // namespace sluice
