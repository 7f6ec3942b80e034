#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <span>
#include <thread>

#include "source/test_kafka.h"

namespace sluice {
namespace {

constexpr int16_t kLeaveGroup = 13;
constexpr int16_t kSyncGroup = 14;

int64_t Count(const TestKafka& kafka, int16_t api) {
  size_t size = 0;
  rd_kafka_mock_request_t** const requests = rd_kafka_mock_get_requests(kafka.mock(), &size);
  const auto count = std::ranges::count_if(std::span(requests, size), [&](auto* request) {
    return rd_kafka_mock_request_api_key(request) == api;
  });
  rd_kafka_mock_request_destroy_array(requests, size);
  return count;
}

TEST(ConsumerGroup, IsLeftByAMemberWithoutPartitions) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  rd_kafka_mock_start_request_tracking(kafka.mock());
  TestWorker busy(kafka.Options("t"));
  busy.Until([&] { return !busy.owned.empty(); });
  {
    TestWorker idle(kafka.Options("t"));
    busy.Until([&] {
      idle.Step();
      return Count(kafka, kSyncGroup) >= 3;
    });
    for (int i = 0; i < 5; ++i) idle.Step();
    EXPECT_TRUE(idle.owned.empty());
  }
  EXPECT_EQ(Count(kafka, kLeaveGroup), 1);
}

TEST(ConsumerGroup, IsLeftByAMemberThatStillJoins) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  rd_kafka_mock_start_request_tracking(kafka.mock());
  rd_kafka_mock_group_initial_rebalance_delay_ms(kafka.mock(), 300);
  {
    TestWorker worker(kafka.Options("t"));
    worker.Step();
  }
  EXPECT_EQ(Count(kafka, kLeaveGroup), 1);
}

TEST(ConsumerGroup, KeepsAStaticMember) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  rd_kafka_mock_start_request_tracking(kafka.mock());
  {
    auto options = kafka.Options("t");
    options.options["group.instance.id"] = "one";
    TestWorker worker(options);
    worker.Until([&] { return !worker.owned.empty(); });
  }
  EXPECT_EQ(Count(kafka, kLeaveGroup), 0);
}

// Nothing can end a thread that hangs: the whole program fails then.
void EndWithin(std::chrono::seconds limit, std::unique_ptr<TestWorker> worker) {
  auto end = std::async(std::launch::async, [&] { worker.reset(); });
  if (end.wait_for(limit) == std::future_status::ready) return;
  std::fputs("a worker does not end\n", stderr);
  std::abort();
}

// The callback asks a group that may be closed by then (librdkafka issue 4884).
TEST(ConsumerGroup, IsLeftWithAnAssignmentThatNobodyTook) {
  for (int time = 0; time < 40; ++time) {
    TestKafka kafka;
    kafka.CreateTopic("t", 1);
    auto options = kafka.Options("t");
    if (time % 2 == 0) options.options["group.instance.id"] = "one";
    auto worker = std::make_unique<TestWorker>(options);
    worker->Step(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(time * 5));
    EndWithin(std::chrono::seconds(30), std::move(worker));
  }
}

TEST(ConsumerGroup, IsLeftWithRecordsThatNobodyTook) {
  TestKafka kafka;
  kafka.CreateTopic("t", 2);
  for (const int32_t partition : {0, 1}) kafka.SendMany("t", partition, 0, 10'000);
  for (int time = 0; time < 20; ++time) {
    auto options = kafka.Options("t");
    options.group = std::to_string(time);
    if (time % 2 == 0) options.options["group.instance.id"] = "one";
    auto worker = std::make_unique<TestWorker>(options);
    worker->Until([&] { return worker->next[0] > 0; });
    ASSERT_TRUE(worker->source().Pause(std::vector<PartitionId>{{0}}));
    std::this_thread::sleep_for(std::chrono::milliseconds(time * 5));
    EndWithin(std::chrono::seconds(30), std::move(worker));
  }
}

// A broker that is frozen, or too busy, must not keep a process from its end.
TEST(ConsumerGroup, IsLeftBehindWhenItsBrokerDoesNotAnswer) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 10);
  auto worker = std::make_unique<TestWorker>(kafka.Options("t"));
  worker->Until([&] { return worker->next[0] == 10; });
  rd_kafka_mock_broker_set_rtt(kafka.mock(), -1, 600'000);
  worker->source().ReportProgress(std::vector<OffsetRange>{{{0}, {0}, {10}}});
  EndWithin(std::chrono::seconds(30), std::move(worker));
  rd_kafka_mock_broker_set_rtt(kafka.mock(), -1, 0);
}

}  // namespace
}  // namespace sluice
