#include "ledger/marks.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "ledger/ledger_fixture.h"

namespace sluice {
namespace {

constexpr int kPartitions = 60;

class MarksTest : public LedgerFixture {
 protected:
  std::vector<Claim> ClaimThemAll(const std::string& worker) {
    std::map<PartitionId, Offset> partitions;
    for (int i = 0; i < kPartitions; ++i) partitions[PartitionId{i}] = Offset{100 * i};
    return ClaimAll(worker, partitions);
  }
  // Ten records of each partition; the partition's number of them are quarantined, up to nine.
  Staged TenOfEach(const std::vector<Claim>& claims, Sink sink = Sink::kWarehouse) const {
    Staged staged{
        .commit = CommitId::Random(), .sink = sink, .log = log_, .ranges = {}, .quarantine = {}};
    for (const Claim& claim : claims) {
      const Position& at = claim.positions.at(sink);
      const int64_t bad = claim.partition.value % 10;
      const OffsetRange range{claim.partition, at.next, Offset{at.next.value + 10}};
      staged.ranges.push_back({{range, 10, 10 - bad, bad, 0}, at.epoch, {{"silver", bad}}});
    }
    return staged;
  }
  Status MoveIn(SqlSession& session, const Staged& staged) const {
    return InTransaction(session,
                         [&] { return MoveMarks(session, std::string(kPipeline), staged); });
  }
};

TEST_F(MarksTest, AllMarksMoveWithTheirCounts) {
  const auto claims = ClaimThemAll("w1");
  ASSERT_TRUE(MoveIn(*session_, TenOfEach(claims)));
  const auto positions = *ReadPositions(*session_, std::string(kPipeline));
  ASSERT_EQ(positions.size(), 2U * kPartitions);
  for (const auto& position : positions) {
    const int64_t start = 100 * position.partition.value;
    const bool moved = position.sink == Sink::kWarehouse;
    EXPECT_EQ(position.start.value, start);
    EXPECT_EQ(position.next.value, moved ? start + 10 : start);
    EXPECT_EQ(position.quarantined, moved ? position.partition.value % 10 : 0);
    EXPECT_EQ(position.ok, moved ? 10 - position.partition.value % 10 : 0);
  }
}

TEST_F(MarksTest, OneFencedPartitionKeepsAllMarksAndIsNamed) {
  const auto claims = ClaimThemAll("w1");
  ClaimAll("w2", {{PartitionId{41}, Offset{0}}});
  const Staged staged = TenOfEach(claims);
  for (const auto fence : {CheckFence, MoveMarks}) {
    const Status status =
        InTransaction(*session_, [&] { return fence(*session_, std::string(kPipeline), staged); });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kFenced);
    EXPECT_THAT(status.error().message, testing::HasSubstr("partition 41"));
  }
  EXPECT_EQ(Count("sluice.position WHERE next_offset <> start_offset"), 0);
}

TEST_F(MarksTest, TheLakeStopsAtTheFirstPartitionWhereTheWarehouseIsBehind) {
  const auto claims = ClaimThemAll("w1");
  Staged most = TenOfEach(claims);
  std::erase_if(most.ranges,
                [](const auto& range) { return range.counts.range.partition == PartitionId{7}; });
  ASSERT_TRUE(MoveIn(*session_, most));
  const Status status = MoveIn(*session_, TenOfEach(claims, Sink::kLake));
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, testing::HasSubstr("partition 7"));
  most.sink = Sink::kLake;
  EXPECT_TRUE(MoveIn(*session_, most));
}

// The claim commits while the zombie waits for its rows: what it finds then is what counts.
TEST_F(MarksTest, AClaimThatWasWaitedForFences) {
  const auto claims = ClaimThemAll("w1");
  const auto claimant = *database_->Connect("sluice-test-2");
  ASSERT_TRUE(claimant->Query("BEGIN"));
  ASSERT_TRUE(claimant->Query("UPDATE sluice.position SET owner_epoch = owner_epoch + 1"));
  Status status;
  std::jthread zombie([&] { status = MoveIn(*session_, TenOfEach(claims)); });
  while (*claimant->Query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
              ->rows[0][0] == "0") {
    std::this_thread::yield();
  }
  ASSERT_TRUE(claimant->Query("COMMIT"));
  zombie.join();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kFenced) << status.error().message;
}

TEST_F(MarksTest, WhatIsLeftOutAddsUp) {
  const auto claims = ClaimThemAll("w1");
  const Staged staged = TenOfEach(claims);
  ASSERT_TRUE(CountLeftOut(*session_, std::string(kPipeline), staged));
  ASSERT_TRUE(CountLeftOut(*session_, std::string(kPipeline), staged));
  const auto sum = session_->Query("SELECT count(*), sum(n) FROM sluice.left_out");
  EXPECT_EQ(sum->rows[0][0], std::to_string(kPartitions * 9 / 10));
  EXPECT_EQ(sum->rows[0][1], std::to_string(2 * 45 * kPartitions / 10));
}

// An owner, a zombie that has its ranges in the opposite order, and a claimant meet in the same
// rows. In any other order than one they would die of deadlocks.
TEST_F(MarksTest, CommitsAndClaimsNeverDeadlock) {
  Staged forward = TenOfEach(ClaimThemAll("w1"));
  Staged backward = forward;
  std::ranges::reverse(backward.ranges);
  // Stale epochs: each takes all its locks, finds itself fenced and lets go.
  for (auto& range : forward.ranges) range.epoch.value -= 1;
  for (auto& range : backward.ranges) range.epoch.value -= 1;
  std::map<PartitionId, Offset> partitions;
  for (int i = 0; i < kPartitions; ++i) partitions[PartitionId{i}] = Offset{0};

  std::atomic<int> met = 0;
  std::vector<Error> others;
  std::mutex mutex;
  const auto repeat = [&](const auto& once) {
    return std::jthread([&, once] {
      const auto session = *database_->Connect("sluice-test-n");
      for (int i = 0; i < 150; ++i) {
        const Status status = once(*session);
        ++met;
        if (status || status.error().kind == ErrorKind::kFenced) continue;
        const std::lock_guard lock(mutex);
        others.push_back(status.error());
      }
    });
  };
  {
    const auto owner = repeat([&](SqlSession& session) { return MoveIn(session, forward); });
    const auto zombie = repeat([&](SqlSession& session) { return MoveIn(session, backward); });
    const auto claimant = repeat([&](SqlSession& session) -> Status {
      const Claimant me{std::string(kPipeline), "w2", log_, {Sink::kWarehouse, Sink::kLake}};
      SLUICE_TRY(ClaimPartitions(session, me, partitions));
      return {};
    });
  }
  EXPECT_EQ(met, 3 * 150);
  EXPECT_TRUE(others.empty()) << others.size() << ", such as " << others[0].message;
}

}  // namespace
}  // namespace sluice
