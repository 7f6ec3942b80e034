#include "serve/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/board_fixture_test.h"

namespace sluice {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class HealthTest : public testing::Test {
 protected:
  HealthTest() { FillBoard(board); }

  std::vector<std::string> NotReady(SteadyTime now = Now()) const {
    std::vector<std::string> codes;
    for (const auto& reason : WhyNotReady(board.Snapshot(), now)) codes.push_back(reason.code);
    return codes;
  }

  StatusBoard board;
};

TEST_F(HealthTest, ARunInFullSwingIsReadyAndAlive) {
  EXPECT_THAT(NotReady(), IsEmpty());
  EXPECT_THAT(WhyNotAlive(board.Snapshot(), Now()), IsEmpty());
  EXPECT_TRUE(IsRunning(board.Snapshot()));
}

TEST_F(HealthTest, AnEmptyBoardIsAStart) {
  const StatusBoard empty;
  const auto reasons = WhyNotReady(empty.Snapshot(), Now());
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].code, "starting");
  EXPECT_THAT(WhyNotAlive(empty.Snapshot(), Now() + seconds(3600)), IsEmpty());
  EXPECT_FALSE(IsRunning(empty.Snapshot()));
}

TEST_F(HealthTest, TellsWhichServiceIsWaitedFor) {
  StatusBoard starting;
  starting.UpdateRun([](RunStatus& run) { run.waiting = "waiting for Kafka: no broker"; });
  const auto reasons = WhyNotReady(starting.Snapshot(), Now());
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].code, "waiting");
  EXPECT_EQ(reasons[0].text, "waiting for Kafka: no broker");
}

TEST_F(HealthTest, OneWaitingWorkerIsEnough) {
  board.Update("7-1", [](WorkerStatus& worker) {
    worker.state = "waiting";
    worker.reason = "PostgreSQL is away";
  });
  EXPECT_THAT(NotReady(), ElementsAre("waiting"));
  EXPECT_FALSE(IsRunning(board.Snapshot()));
}

TEST_F(HealthTest, AStoppedPartitionIsNotReadyButAliveAndRunning) {
  board.Update("7-0", [](WorkerStatus& worker) {
    worker.partitions.at(PartitionId{2}).stopped =
        Error{ErrorKind::kFatal, "bytes of a record: hunter2", "", "source_data_lost"};
  });
  EXPECT_THAT(NotReady(), ElementsAre("partition_stopped"));
  const auto reasons = WhyNotReady(board.Snapshot(), Now());
  EXPECT_EQ(reasons[0].text, "partition 2 is stopped: source_data_lost");
  EXPECT_THAT(WhyNotAlive(board.Snapshot(), Now()), IsEmpty());
  EXPECT_TRUE(IsRunning(board.Snapshot()));
}

TEST_F(HealthTest, SilenceIsDeath) {
  EXPECT_THAT(NotReady(Now() + seconds(170)), IsEmpty());
  EXPECT_THAT(NotReady(Now() + seconds(200)), ElementsAre("run_stuck"));
  EXPECT_THAT(NotReady(Now() + seconds(700)),
              ElementsAre("run_stuck", "worker_stuck", "worker_stuck"));
}

TEST_F(HealthTest, AStoppingRunIsAliveHoweverLongItTakes) {
  board.UpdateRun([](RunStatus& run) { run.phase = RunPhase::kStopping; });
  EXPECT_THAT(NotReady(), ElementsAre("stopping"));
  EXPECT_THAT(WhyNotAlive(board.Snapshot(), Now() + seconds(3600)), IsEmpty());
}

TEST_F(HealthTest, APartitionThatMovedIsShownOnceAtItsNewWorker) {
  board.Update("7-1", [](WorkerStatus& worker) {
    worker.partitions[PartitionId{0}] = {Offset{108}, Offset{108}, Offset{90}};
  });
  const auto partitions = Partitions(board.Snapshot());
  ASSERT_EQ(partitions.size(), 3U);
  EXPECT_EQ(partitions.at(PartitionId{0}).worker, "7-1");
}

TEST_F(HealthTest, LagIsKnownOnlyWithTheTopicsEnd) {
  const auto now = board.Snapshot();
  const auto high = HighOf(now, PartitionId{0}, Offset{105});
  EXPECT_EQ(high, Offset{110});
  EXPECT_EQ(LagOf(high, Offset{90}), 20);
  EXPECT_EQ(LagOf(high, Offset{120}), 0);
  EXPECT_EQ(HighOf(now, PartitionId{0}, Offset{115}), Offset{115}) << "it was asked for earlier";
  EXPECT_EQ(HighOf(now, PartitionId{2}, Offset{5}), std::nullopt);
  EXPECT_EQ(LagOf(std::nullopt, Offset{5}), -1);
}

}  // namespace
}  // namespace sluice
