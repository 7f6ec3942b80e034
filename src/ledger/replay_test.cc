#include "ledger/replay.h"

#include <gmock/gmock.h>

#include "ledger/ledger_fixture.h"
#include "ledger/purge.h"
#include "ledger/quarantine_report.h"

namespace sluice {
namespace {

using State = QuarantineFilter::State;

const std::vector<Sink> kSinks{Sink::kWarehouse, Sink::kLake};

// Inserts one row a record into `target`; its key is the record's offset.
class Target : public Participant {
 public:
  explicit Target(std::vector<int64_t> offsets) : offsets_(std::move(offsets)) {}
  Status Apply(SqlSession& session, const CommitId&) override {
    for (const int64_t offset : offsets_) {
      SLUICE_TRY(session.Query("INSERT INTO target VALUES (" + std::to_string(offset) + ")"));
    }
    return {};
  }
  std::map<std::string, int64_t> Snapshots() const override { return {{"raw.books", 7}}; }

 private:
  std::vector<int64_t> offsets_;
};

// Ten records, of which 3, 5 and 8 are quarantined; the warehouse is past them, the lake is not.
class ReplayTest : public LedgerFixture {
 protected:
  void SetUp() override {
    LedgerFixture::SetUp();
    claim_ = ClaimAs("w1");
    QuarantineTheThree();
  }

  void QuarantineTheThree() {
    auto committer = MakeCommitter("w1");
    Staged staged = StagedOf(claim_, Sink::kWarehouse, 10);
    staged.ranges[0].counts.ok = 7;
    staged.ranges[0].counts.quarantined = 3;
    std::vector<QuarantineRow> rows(3);
    for (size_t i = 0; i < 3; ++i) {
      const int64_t offset = std::array{3, 5, 8}[i];
      rows[i].reject = {{PartitionId{0}, Offset{offset}}, i == 2 ? "sql_failed" : "json_syntax"};
      rows[i].record.partition = PartitionId{0};
      rows[i].record.offset = Offset{offset};
      rows[i].record.timestamp_ms = 1'700'000'000'000 + offset;
      rows[i].record.value = kValue;
      rows[i].record.headers = {{"h", std::nullopt}};
      staged.quarantine.push_back(&rows[i]);
    }
    Target none({});
    const Status status = committer.Commit(staged, none, {});
    ASSERT_TRUE(status) << status.error().message;
  }

  void FlushLake() {
    auto committer = MakeCommitter("w1");
    Staged staged = StagedOf(claim_, Sink::kLake, 10);
    staged.ranges[0].counts.ok = 7;
    staged.ranges[0].counts.quarantined = 3;
    Target none({});
    const Status status = committer.Commit(staged, none, {});
    ASSERT_TRUE(status) << status.error().message;
  }

  ReplayReader Reader(QuarantineFilter filter = {}) {
    return ReplayReader(std::string(kPipeline), kSinks, std::move(filter));
  }

  // A replay of `resolved`, with `still_bad` refused for another reason.
  ReplayTransaction::Plan PlanOf(std::vector<int64_t> resolved, std::vector<int64_t> still_bad) {
    ReplayTransaction::Plan plan{.commit = CommitId::Random(),
                                 .pipeline = std::string(kPipeline),
                                 .transform_hash = "one",
                                 .worker = "replay-1",
                                 .log = log_,
                                 .sinks = kSinks,
                                 .ranges = {},
                                 .resolved = {},
                                 .still_bad = {}};
    const auto ok = static_cast<int64_t>(resolved.size());
    const auto bad = static_cast<int64_t>(still_bad.size());
    plan.ranges.push_back(
        {{{PartitionId{0}, Offset{3}, Offset{9}}, ok + bad, ok, bad, 0}, Epoch{}, {}});
    for (const int64_t offset : resolved) plan.resolved.push_back(Key(offset));
    for (const int64_t offset : still_bad) {
      plan.still_bad.push_back({{PartitionId{0}, Offset{offset}}, "type_mismatch", "a\tb", "\x1b"});
    }
    return plan;
  }

  Status Replay(ReplayTransaction::Plan plan) {
    std::vector<int64_t> offsets;
    for (const auto& key : plan.resolved) offsets.push_back(key.offset.value);
    Target rows(std::move(offsets));
    ReplayTransaction transaction(std::move(plan), {&rows});
    Committer committer(*database_, {std::string(kPipeline), "1", "sluice-replay"},
                        [](const std::string&) {});
    return committer.Commit(transaction, {});
  }

  RecordKey Key(int64_t offset) const { return {log_, PartitionId{0}, Offset{offset}}; }

  PositionReport PositionOf(Sink sink) {
    const auto positions = ReadPositions(*session_, std::string(kPipeline));
    for (const auto& position : *positions) {
      if (position.sink == sink) return position;
    }
    return {};
  }

  static constexpr std::string_view kValue{"{\x00\xff}", 4};
  Claim claim_;
};

TEST_F(ReplayTest, WaitsUntilTheLakeHasPassed) {
  const auto before = Reader().Count(*session_);
  ASSERT_TRUE(before);
  EXPECT_EQ(before->ready, 0);
  EXPECT_EQ(before->waiting, 3);
  EXPECT_TRUE(Reader().Next(*session_, std::nullopt, 100)->raw.records.empty());
  FlushLake();
  EXPECT_EQ(Reader().Count(*session_)->ready, 3);
  EXPECT_EQ(Reader().Count(*session_)->waiting, 0);
}

TEST_F(ReplayTest, ReadsRecordsAsTheyWere) {
  FlushLake();
  const auto batch = Reader().Next(*session_, std::nullopt, 2);
  ASSERT_TRUE(batch) << batch.error().message;
  ASSERT_EQ(batch->raw.records.size(), 2U);
  EXPECT_EQ(batch->raw.log, log_);
  EXPECT_TRUE(batch->in_warehouse);
  const Record& record = batch->raw.records[1];
  EXPECT_EQ(record.offset, Offset{5});
  EXPECT_EQ(record.timestamp_ms, 1'700'000'000'005);
  EXPECT_EQ(record.value, kValue);
  EXPECT_FALSE(record.key);
  ASSERT_EQ(record.headers.size(), 1U);
  EXPECT_EQ(record.headers[0].key, "h");
  EXPECT_FALSE(record.headers[0].value);
  ASSERT_EQ(batch->raw.ranges.size(), 1U);
  EXPECT_EQ(batch->raw.ranges[0], (OffsetRange{PartitionId{0}, Offset{3}, Offset{6}}));
  const auto next = Reader().Next(*session_, Key(5), 2);
  ASSERT_EQ(next->raw.records.size(), 1U);
  EXPECT_EQ(next->raw.records[0].offset, Offset{8});
}

TEST_F(ReplayTest, RecordsFromBeforeTheWarehouseAreForTheLakeAlone) {
  FlushLake();
  ASSERT_TRUE(
      session_->Query("UPDATE sluice.position SET start_offset = 4 WHERE sink = "
                      "'warehouse'"));
  const auto first = Reader().Next(*session_, std::nullopt, 100);
  ASSERT_EQ(first->raw.records.size(), 1U);
  EXPECT_FALSE(first->in_warehouse);
  const auto second = Reader().Next(*session_, Key(3), 100);
  EXPECT_EQ(second->raw.records.size(), 2U);
  EXPECT_TRUE(second->in_warehouse);
}

TEST_F(ReplayTest, ChangedBytesAreRefused) {
  FlushLake();
  ASSERT_TRUE(session_->Query("UPDATE sluice.quarantine SET value = '1234' WHERE \"offset\" = 5"));
  const auto batch = Reader().Next(*session_, std::nullopt, 100);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().kind, ErrorKind::kInvariant);
  ASSERT_TRUE(session_->Query("UPDATE sluice.quarantine SET value = '12' WHERE \"offset\" = 5"));
  EXPECT_EQ(Reader().Count(*session_)->truncated, 1);
  EXPECT_EQ(Reader().Next(*session_, std::nullopt, 100)->raw.records.size(), 2U);
}

TEST_F(ReplayTest, FiltersChoose) {
  FlushLake();
  EXPECT_EQ(Reader({.reason = "json_syntax"}).Count(*session_)->ready, 2);
  EXPECT_EQ(Reader({.reason = "sql_*"}).Count(*session_)->ready, 1);
  EXPECT_EQ(Reader({.reason = "json_*", .records = {Key(5), Key(8)}}).Count(*session_)->ready, 1);
  EXPECT_EQ(Reader({.partition = PartitionId{1}}).Count(*session_)->ready, 0);
  EXPECT_EQ(Reader({.since = Moment{Moment::Kind::kAge, 60'000}}).Count(*session_)->ready, 3);
  EXPECT_EQ(Reader({.before = Moment{Moment::Kind::kAge, 60'000}}).Count(*session_)->ready, 0);
  EXPECT_EQ(Reader({.before = Moment{Moment::Kind::kTime, 0}}).Count(*session_)->ready, 0);
}

TEST_F(ReplayTest, MovesRowsRecordsAndCountsTogether) {
  FlushLake();
  const Status done = Replay(PlanOf({3, 8}, {5}));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(Count("target"), 2);
  for (const Sink sink : kSinks) {
    const PositionReport position = PositionOf(sink);
    EXPECT_EQ(position.ok, 9) << Name(sink);
    EXPECT_EQ(position.quarantined, 1) << Name(sink);
    EXPECT_EQ(position.next, Offset{10}) << Name(sink);
  }
  const auto left = ListQuarantined(*session_, std::string(kPipeline), {}, 10);
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ(left->at(0).id, Key(5));
  EXPECT_EQ(left->at(0).reason, "type_mismatch");
  EXPECT_EQ(left->at(0).detail, "\\x1b");
  const auto shown = ShowQuarantined(*session_, std::string(kPipeline), Key(3));
  EXPECT_NE((*shown)->resolved_at, "");
  EXPECT_EQ(Count("sluice.commit WHERE sink = 'replay' AND n_ok = 2 AND n_quarantined = 1"), 1);
  EXPECT_EQ(Count("sluice.commit WHERE commit_id = '" + (*shown)->resolved_by + "'"), 1);
}

TEST_F(ReplayTest, ASecondReplayIsFencedOff) {
  FlushLake();
  ASSERT_TRUE(Replay(PlanOf({3}, {})));
  const Status again = Replay(PlanOf({3, 5}, {}));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kFenced);
  EXPECT_EQ(Count("target"), 1);
  EXPECT_EQ(PositionOf(Sink::kLake).ok, 8);
}

TEST_F(ReplayTest, AnotherTransformIsRefused) {
  FlushLake();
  auto plan = PlanOf({3}, {});
  plan.transform_hash = "two";
  const Status refused = Replay(std::move(plan));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E0403");
  EXPECT_EQ(Count("target"), 0);
}

TEST_F(ReplayTest, AwaitEndWaitsForTheLostTransaction) {
  FlushLake();
  Target rows({3});
  ReplayTransaction transaction(PlanOf({3}, {}), {&rows});
  auto lost = *database_->Connect("sluice-replay:books:1");
  ASSERT_TRUE(lost->Query("BEGIN"));
  ASSERT_TRUE(transaction.Apply(*lost));
  ASSERT_TRUE(session_->Query("SET lock_timeout = '200ms'"));
  EXPECT_FALSE(transaction.AwaitEnd(*session_)) << "the lost one still holds the record";
  ASSERT_TRUE(lost->Query("COMMIT"));
  EXPECT_TRUE(transaction.AwaitEnd(*session_));
}

TEST_F(ReplayTest, PurgeTakesTheResolvedAndKeepsCounting) {
  FlushLake();
  ASSERT_TRUE(Replay(PlanOf({3}, {})));
  const QuarantineFilter resolved{.state = State::kResolved};
  const RecordPurge purge(std::string(kPipeline), kSinks, resolved);
  EXPECT_EQ(purge.Count(*session_)->resolved, 1);
  EXPECT_EQ(purge.Count(*session_)->unresolved, 0);
  EXPECT_EQ(purge.Delete(*session_, 100)->resolved, 1);
  EXPECT_EQ(purge.Delete(*session_, 100)->resolved, 0);
  EXPECT_EQ(PositionOf(Sink::kLake).purged, 0);

  const RecordPurge all(std::string(kPipeline), kSinks, {.state = State::kAny});
  EXPECT_EQ(all.Delete(*session_, 1)->unresolved, 1);
  EXPECT_EQ(all.Delete(*session_, 100)->unresolved, 1);
  for (const Sink sink : kSinks) {
    EXPECT_EQ(PositionOf(sink).quarantined, 2) << Name(sink);
    EXPECT_EQ(PositionOf(sink).purged, 2) << Name(sink);
  }
  EXPECT_EQ(Count("sluice.quarantine"), 0);
}

TEST_F(ReplayTest, PurgeLeavesWhatTheLakeMustStillKeepOut) {
  const RecordPurge all(std::string(kPipeline), kSinks, {.state = State::kAny});
  EXPECT_EQ(all.Count(*session_)->waiting, 3);
  EXPECT_EQ(all.Delete(*session_, 100)->unresolved, 0);
  EXPECT_EQ(Count("sluice.quarantine"), 3);
}

TEST_F(ReplayTest, PurgeCountsOnlyForSinksThatCounted) {
  FlushLake();
  ASSERT_TRUE(
      session_->Query("UPDATE sluice.position SET start_offset = 4 WHERE sink = "
                      "'warehouse'"));
  const RecordPurge all(std::string(kPipeline), kSinks, {.state = State::kAny});
  EXPECT_EQ(all.Delete(*session_, 100)->unresolved, 3);
  EXPECT_EQ(PositionOf(Sink::kLake).purged, 3);
  EXPECT_EQ(PositionOf(Sink::kWarehouse).purged, 2);
}

}  // namespace
}  // namespace sluice
