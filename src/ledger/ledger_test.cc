#include "ledger/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "core/clock.h"
#include "ledger/ledger_fixture.h"
#include "ledger/quarantine_report.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

// A participant that writes numbers into a table, or fails as it is told.
class Rows : public Participant {
 public:
  explicit Rows(int64_t from, int64_t to) : from_(from), to_(to) {}
  Status Apply(SqlSession& session, const CommitId&) override {
    ++applied;
    if (fail_first && applied == 1) return Fail(ErrorKind::kRetryable, "away", {}, "40001");
    SLUICE_TRY(session.Query("INSERT INTO target SELECT generate_series(" + std::to_string(from_) +
                             "," + std::to_string(to_ - 1) + ")"));
    if (freeze && applied == 1) {
      SLUICE_TRY(session.Query("SELECT FROM target WHERE n = -1 FOR UPDATE"));
      freeze();
    }
    if (kill_backend) {
      // The COMMIT that follows finds a dead connection: its outcome is in doubt.
      kill_backend = false;
      const std::string pid = std::to_string(session.BackendPid());
      SLUICE_TRY(killer->Query("SELECT pg_terminate_backend(" + pid + ")"));
      for (SqlRows alive;; std::this_thread::yield()) {
        SLUICE_ASSIGN(alive, killer->Query("SELECT 1 FROM pg_stat_activity WHERE pid = " + pid));
        if (alive.rows.empty()) break;
      }
    }
    return {};
  }
  int applied = 0;
  bool fail_first = false;
  bool kill_backend = false;
  std::function<void()> freeze;
  SqlSession* killer = nullptr;

 private:
  int64_t from_, to_;
};

class LedgerTest : public LedgerFixture {};

TEST_F(LedgerTest, RowsAndMarkMoveTogether) {
  const Claim claim = ClaimAs("w1");
  Rows rows(0, 10);
  auto committer = MakeCommitter("w1");
  ASSERT_TRUE(committer.Commit(StagedOf(claim, Sink::kWarehouse, 10), rows, {}));
  EXPECT_EQ(Count("target"), 10);
  EXPECT_EQ(Mark(Sink::kWarehouse), 10);
  EXPECT_EQ(Mark(Sink::kLake), 0);
  EXPECT_EQ(Count("sluice.commit"), 1);
}

TEST_F(LedgerTest, ZombieIsFencedAndLeavesNothing) {
  const Claim old_claim = ClaimAs("w1");
  const Claim new_claim = ClaimAs("w2");
  auto zombie = MakeCommitter("w1");
  Rows rows(0, 10);
  const Status status = zombie.Commit(StagedOf(old_claim, Sink::kWarehouse, 10), rows, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kFenced);
  EXPECT_EQ(Count("target"), 0);
  EXPECT_EQ(zombie.counters().fenced, 1);
  auto owner = MakeCommitter("w2");
  Rows again(0, 10);
  EXPECT_TRUE(owner.Commit(StagedOf(new_claim, Sink::kWarehouse, 10), again, {}));
}

TEST_F(LedgerTest, ALogStartsWhereTheFirstRunSaid) {
  const Claimant run{std::string(kPipeline), "", log_, {Sink::kWarehouse, Sink::kLake}};
  const std::map<PartitionId, Offset> first{{PartitionId{0}, Offset{7}},
                                            {PartitionId{1}, Offset{3}}};
  ASSERT_TRUE(StartPartitions(*session_, run, first));
  ASSERT_TRUE(StartPartitions(*session_, run, {{PartitionId{0}, Offset{99}}}));
  const auto claims = ClaimAll("w1", {{PartitionId{0}, Offset{50}}, {PartitionId{2}, Offset{0}}});
  EXPECT_EQ(claims[0].ResumeAt(), Offset{7});
  EXPECT_EQ(claims[1].ResumeAt(), Offset{0});
}

// Somebody else takes over and commits the range while our rows are on their way.
class Overtaken : public Participant {
 public:
  explicit Overtaken(std::function<void()> overtake) : overtake_(std::move(overtake)) {}
  Status Apply(SqlSession&, const CommitId&) override {
    overtake_();
    return Fail(ErrorKind::kBadData, "duplicate key value violates unique constraint", {}, "23505");
  }

 private:
  std::function<void()> overtake_;
};

TEST_F(LedgerTest, RowsThatAnotherHasCommittedAreAFenceNotBadData) {
  const Claim old_claim = ClaimAs("w1");
  Overtaken rows([&] {
    auto owner = MakeCommitter("w2");
    Rows same(0, 10);
    ASSERT_TRUE(owner.Commit(StagedOf(ClaimAs("w2"), Sink::kWarehouse, 10), same, {}));
  });
  auto zombie = MakeCommitter("w1");
  const Status status = zombie.Commit(StagedOf(old_claim, Sink::kWarehouse, 10), rows, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kFenced);
  EXPECT_EQ(zombie.counters().fenced, 1);
  EXPECT_EQ(Count("target"), 10);
}

TEST_F(LedgerTest, TheSameRangeIsCommittedOnce) {
  const Claim claim = ClaimAs("w1");
  auto committer = MakeCommitter("w1");
  Rows first(0, 10), second(100, 110);
  ASSERT_TRUE(committer.Commit(StagedOf(claim, Sink::kWarehouse, 10), first, {}));
  const Status status = committer.Commit(StagedOf(claim, Sink::kWarehouse, 10), second, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kFenced);
  EXPECT_EQ(Count("target"), 10);
}

TEST_F(LedgerTest, LakeNeverPassesTheWarehouse) {
  const Claim claim = ClaimAs("w1");
  auto committer = MakeCommitter("w1");
  Rows lake(0, 5);
  const Status status = committer.Commit(StagedOf(claim, Sink::kLake, 5), lake, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kFenced);
  EXPECT_EQ(Count("target"), 0);
}

TEST_F(LedgerTest, RetriesWhatMayBeRetried) {
  const Claim claim = ClaimAs("w1");
  auto committer = MakeCommitter("w1");
  Rows rows(0, 10);
  rows.fail_first = true;
  ASSERT_TRUE(committer.Commit(StagedOf(claim, Sink::kWarehouse, 10), rows, {}));
  EXPECT_EQ(rows.applied, 2);
  EXPECT_EQ(Count("target"), 10);
}

TEST_F(LedgerTest, LostBackendIsReplacedAndNothingIsDoubled) {
  const Claim claim = ClaimAs("w1");
  auto committer = MakeCommitter("w1");
  Rows rows(0, 10);
  rows.kill_backend = true;
  rows.killer = session_.get();
  ASSERT_TRUE(committer.Commit(StagedOf(claim, Sink::kWarehouse, 10), rows, {}));
  EXPECT_EQ(rows.applied, 2);
  EXPECT_EQ(Count("target"), 10);
  EXPECT_EQ(Mark(Sink::kWarehouse), 10);
}

// The server ends the session that holds the locks; the worker that wakes up tries again.
TEST_F(LedgerTest, AWorkerThatFreezesInACommitKeepsNobodyWaiting) {
  const Claim claim = ClaimAs("w1");
  ASSERT_TRUE(session_->Query("INSERT INTO target VALUES (-1)"));
  Rows rows(0, 10);
  rows.freeze = [&] {
    const SteadyTime start = Now();
    // Another one wants the row that the frozen transaction holds.
    const auto waited =
        session_->Query("SET lock_timeout = '20s'; DELETE FROM target WHERE n = -1");
    EXPECT_TRUE(waited) << waited.error().message;
    EXPECT_LT(ElapsedMs(start), 8'000);
  };
  auto committer = MakeCommitter("w1");
  ASSERT_TRUE(committer.Commit(StagedOf(claim, Sink::kWarehouse, 10), rows, {}));
  EXPECT_EQ(rows.applied, 2);
  EXPECT_EQ(Count("target"), 10);
}

// Two processes that take themselves for the same worker: the later claim is the one that counts.
TEST_F(LedgerTest, ACloneIsHarmless) {
  const Claim first = ClaimAs("w1"), second = ClaimAs("w1");
  auto one = MakeCommitter("w1"), clone = MakeCommitter("w1");
  Rows mine(0, 10), theirs(0, 10);
  const Status fenced = one.Commit(StagedOf(first, Sink::kWarehouse, 10), mine, {});
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().kind, ErrorKind::kFenced);
  EXPECT_TRUE(clone.Commit(StagedOf(second, Sink::kWarehouse, 10), theirs, {}));
  EXPECT_EQ(Count("target"), 10);
}

TEST_F(LedgerTest, CountsThatDoNotAddUpStopTheCommit) {
  const Claim claim = ClaimAs("w1");
  Staged staged = StagedOf(claim, Sink::kWarehouse, 10);
  staged.ranges[0].counts.ok = 9;
  auto committer = MakeCommitter("w1");
  Rows rows(0, 10);
  const Status status = committer.Commit(staged, rows, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kInvariant);
}

TEST_F(LedgerTest, QuarantineRidesWithTheRows) {
  const Claim claim = ClaimAs("w1");
  Staged staged = StagedOf(claim, Sink::kWarehouse, 10);
  staged.ranges[0].counts.ok = 9;
  staged.ranges[0].counts.quarantined = 1;
  QuarantineRow row;
  row.reject = {{PartitionId{0}, Offset{3}}, "json_syntax", "a\tfield", "at byte 3\n\\ \x1b[31m"};
  row.record.partition = PartitionId{0};
  row.record.offset = Offset{3};
  row.record.timestamp_ms = 1'700'000'000'123;
  const std::string value("\x00\xff\\x41\n", 7);
  row.record.value = value;
  row.record.headers = {{"tra\\ce", "\xff,{"}, {"none", std::nullopt}, {"", ""}};
  staged.quarantine = {&row};
  auto committer = MakeCommitter("w1");
  Rows rows(0, 9);
  const Status status = committer.Commit(staged, rows, {});
  ASSERT_TRUE(status) << status.error().message;
  const auto shown =
      ShowQuarantined(*session_, std::string(kPipeline), {log_, PartitionId{0}, Offset{3}});
  ASSERT_TRUE(shown && *shown);
  EXPECT_EQ((*shown)->value, value);
  EXPECT_EQ((*shown)->value_bytes, 7);
  EXPECT_EQ((*shown)->reason, "json_syntax");
  EXPECT_EQ((*shown)->kafka_at, "2023-11-14T22:13:20.123Z");
  EXPECT_EQ((*shown)->field, "a\\x09field");
  ASSERT_EQ((*shown)->headers.size(), 3U);
  EXPECT_EQ((*shown)->headers[0].key, "tra\\ce");
  EXPECT_EQ((*shown)->headers[0].value, "\xff,{");
  EXPECT_FALSE((*shown)->headers[1].value);
  EXPECT_EQ((*shown)->headers[2].value, "");
  const Claim next = ClaimAs("w2");
  EXPECT_EQ(next.kept_out, std::vector<Offset>{Offset{3}});
  EXPECT_EQ(next.ResumeAt(), Offset{0});
}

TEST_F(LedgerTest, AnotherLifeOfATopicNeedsTheOperatorsWord) {
  const auto refused = ResolveLog(*session_, std::string(kPipeline), Topic("t2"), false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E0402");
  const auto accepted = ResolveLog(*session_, std::string(kPipeline), Topic("t2"), true);
  ASSERT_TRUE(accepted);
  EXPECT_NE(accepted->value, log_.value);
  EXPECT_TRUE(ResolveLog(*session_, std::string(kPipeline), Topic("e1", true), false));
}

// A session behind whose first statement something else happens.
class Interrupted : public SqlSession {
 public:
  Interrupted(SqlSession& session, std::function<void()> between)
      : session_(session), between_(std::move(between)) {}
  Result<SqlRows> Query(std::string_view sql, std::span<const SqlValue> params) override {
    auto rows = session_.Query(sql, params);
    if (const auto between = std::exchange(between_, nullptr)) between();
    return rows;
  }
  Result<SqlRows> Query(std::string_view sql) override { return Query(sql, {}); }
  Result<int64_t> CopyIn(std::string_view sql, std::span<const std::string_view> rows) override {
    return session_.CopyIn(sql, rows);
  }
  bool IsAlive() const override { return session_.IsAlive(); }
  int32_t BackendPid() const override { return session_.BackendPid(); }

 private:
  SqlSession& session_;
  std::function<void()> between_;
};

TEST_F(LedgerTest, TwoStartsAtOnceMakeOneLog) {
  ASSERT_TRUE(session_->Query("DELETE FROM sluice.log"));
  const auto other = *database_->Connect("sluice-test-other");
  Result<LogId> theirs = LogId{};
  Interrupted session(
      *session_, [&] { theirs = ResolveLog(*other, std::string(kPipeline), Topic("t3"), false); });
  const auto ours = ResolveLog(session, std::string(kPipeline), Topic("t3"), false);
  ASSERT_TRUE(theirs) << theirs.error().message;
  ASSERT_TRUE(ours) << ours.error().message;
  EXPECT_EQ(ours->value, theirs->value);
  EXPECT_EQ(Count("sluice.log"), 1);
}

TEST_F(LedgerTest, AChangedTransformIsAcceptedByNameOnly) {
  const Status refused = RegisterPipeline(*session_, Known("two"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E0403");
  Registration accepted = Known("two");
  accepted.accept_transform = true;
  EXPECT_TRUE(RegisterPipeline(*session_, accepted));
  EXPECT_TRUE(RegisterPipeline(*session_, Known("two")));
}

TEST_F(LedgerTest, AnAcceptedTransformEndsTheWorkersOfTheOld) {
  const Claim old_claim = ClaimAs("w1");
  Registration accepted = Known("two");
  accepted.accept_transform = true;
  ASSERT_TRUE(RegisterPipeline(*session_, accepted));
  auto old_worker = MakeCommitter("w1");
  Rows rows(0, 10);
  const Status fenced = old_worker.Commit(StagedOf(old_claim, Sink::kWarehouse, 10), rows, {});
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().kind, ErrorKind::kFenced);
  EXPECT_EQ(Count("target"), 0);

  Claimant me{std::string(kPipeline), "w1", log_, {Sink::kWarehouse, Sink::kLake}, "one"};
  const auto refused = ClaimPartitions(*session_, me, {{PartitionId{0}, Offset{0}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_EQ(refused.error().code, "E0403");
  me.transform_hash = "two";
  EXPECT_TRUE(ClaimPartitions(*session_, me, {{PartitionId{0}, Offset{0}}}));
}

TEST_F(LedgerTest, AChangedTransformWaitsForEqualMarks) {
  const Claim claim = ClaimAs("w1");
  auto committer = MakeCommitter("w1");
  Rows rows(0, 10);
  ASSERT_TRUE(committer.Commit(StagedOf(claim, Sink::kWarehouse, 10), rows, {}));
  Registration changed = Known("two");
  changed.accept_transform = true;
  const Status refused = RegisterPipeline(*session_, changed);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("different marks"));
}

TEST_F(LedgerTest, TwoPipelinesMayNotWriteOneTable) {
  Registration other = Known("one");
  other.pipeline = "others";
  const Status refused = RegisterPipeline(*session_, other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E0407");
}

TEST_F(LedgerTest, FrozenZombieIsEnded) {
  ClaimAs("w1");
  auto frozen = *database_->Connect("sluice:books:w0");
  ASSERT_TRUE(frozen->Query("BEGIN"));
  ASSERT_TRUE(frozen->Query("SELECT 1"));
  EXPECT_EQ(*TerminateZombies(*session_, std::string(kPipeline)), 0) << "ten seconds are granted";
  EXPECT_TRUE(frozen->IsAlive());
}

}  // namespace
}  // namespace sluice
