#include <algorithm>
#include <span>

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

}  // namespace
}  // namespace sluice
