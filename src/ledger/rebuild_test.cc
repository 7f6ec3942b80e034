#include "ledger/rebuild.h"

#include <gmock/gmock.h>

#include "ledger/ledger_fixture.h"

namespace sluice {
namespace {

constexpr const char* kTable = "processed.books";

// Stands for both sinks' parts.
class OneRow : public Participant {
 public:
  Status Apply(SqlSession& session, const CommitId&) override {
    SLUICE_TRY(session.Query("INSERT INTO target SELECT count(*) FROM target"));
    return {};
  }
};

class RebuildTest : public LedgerFixture {
 protected:
  void SetUp() override {
    LedgerFixture::SetUp();
    ClaimAs("w1", 5);
    committer_.emplace(MakeCommitter("rebuild"));
  }
  RebuildTransaction::Plan Plan(int64_t lake, int64_t warehouse) {
    return {.commit = CommitId::Random(),
            .pipeline = std::string(kPipeline),
            .transform_hash = "one",
            .worker = "rebuild",
            .table = kTable,
            .backend_pid = (*committer_->Session())->BackendPid(),
            .interventions = *ReadInterventions(*session_, std::string(kPipeline)),
            .left_out = {{Sink::kLake, log_, PartitionId{0}, lake},
                         {Sink::kWarehouse, log_, PartitionId{0}, warehouse}},
            .rows = 3,
            .ranges = "[]"};
  }
  Status Commit(RebuildTransaction::Plan plan) {
    OneRow row;
    RebuildTransaction transaction(std::move(plan), {&row});
    return committer_->Commit(transaction, {});
  }
  int64_t LeftOut(Sink sink) {
    const auto marks = ReadRebuildMarks(*session_, std::string(kPipeline), sink, kTable);
    EXPECT_EQ(marks->size(), 1U);
    EXPECT_EQ(marks->at(0).start, Offset{5});
    return marks->at(0).left_out;
  }

  std::optional<Committer> committer_;
};

TEST_F(RebuildTest, CountsChangeWithTheRows) {
  ASSERT_TRUE(Commit(Plan(4, 2)));
  EXPECT_EQ(LeftOut(Sink::kLake), 4);
  EXPECT_EQ(LeftOut(Sink::kWarehouse), 2);
  ASSERT_TRUE(Commit(Plan(-3, 0)));
  EXPECT_EQ(LeftOut(Sink::kLake), 1);
  EXPECT_EQ(LeftOut(Sink::kWarehouse), 2);
  EXPECT_EQ(Count("target"), 2);
  EXPECT_EQ(Count("sluice.commit WHERE sink = 'rebuild' AND n_ok = 3"), 2);
  EXPECT_EQ(Mark(Sink::kLake), 5);
}

TEST_F(RebuildTest, StartsOverWhenSomebodyCameInBetween) {
  auto plan = Plan(4, 2);
  ASSERT_TRUE(session_->Query(
      "INSERT INTO sluice.commit (commit_id, pipeline, sink, ranges, n_ok, n_quarantined, "
      "n_skipped, snapshots, worker) VALUES (gen_random_uuid(), 'books', 'replay', '[]', 1, 0, 0, "
      "'{}', 'w')"));
  const Status replayed = Commit(std::move(plan));
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().kind, ErrorKind::kFenced);

  // Accepted and taken back: the rows in between were another's.
  plan = Plan(4, 2);
  for (const char* hash : {"two", "one"}) {
    Registration accepted = Known(hash);
    accepted.accept_transform = true;
    ASSERT_TRUE(RegisterPipeline(*session_, accepted));
  }
  const Status accepted = Commit(std::move(plan));
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().kind, ErrorKind::kFenced);

  plan = Plan(4, 2);
  plan.transform_hash = "two";
  const Status other = Commit(std::move(plan));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "E0403");
  EXPECT_EQ(Count("target"), 0);
}

TEST_F(RebuildTest, StartsOverWhenItsSessionIsLost) {
  SqlSession* const session = *committer_->Session();
  ASSERT_TRUE(HoldRebuild(*session, std::string(kPipeline), kTable));
  const Status second = HoldRebuild(*session_, std::string(kPipeline), kTable);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, kRebuildRuns);
  EXPECT_TRUE(HoldRebuild(*session_, std::string(kPipeline), "processed.other"));

  auto plan = Plan(4, 2);
  const std::string pid = std::to_string(session->BackendPid());
  ASSERT_TRUE(session_->Query("SELECT pg_terminate_backend(" + pid + ")"));
  const Status lost = Commit(std::move(plan));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, ErrorKind::kFenced);
  EXPECT_EQ(Count("target"), 0);
  EXPECT_TRUE(HoldRebuild(*session_, std::string(kPipeline), kTable)) << "its locks went with it";
}

}  // namespace
}  // namespace sluice
