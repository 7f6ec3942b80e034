#include "source/kafka_source.h"
#include "source/test_kafka.h"

namespace sluice {
namespace {

TEST(KafkaGather, GathersUntilItIsTimeOrABatchIsFull) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 10);
  auto options = kafka.Options("t");
  options.max_batch_rows = 100;
  TestWorker worker(options);
  worker.Until([&] { return worker.next[0] == 10; });
  worker.batches.clear();

  worker.gather_until = Now() + std::chrono::hours(1);
  kafka.SendMany("t", 0, 10, 20);
  for (int i = 0; i < 5; ++i) worker.Step();
  kafka.SendMany("t", 0, 30, 20);
  for (int i = 0; i < 5; ++i) worker.Step();
  EXPECT_EQ(worker.next[0], 10) << "what is kept for later is not told";
  worker.gather_until = Now();
  worker.Until([&] { return worker.next[0] == 50; });
  EXPECT_EQ(worker.batches.size(), 1U);

  worker.gather_until = Now() + std::chrono::hours(1);
  kafka.SendMany("t", 0, 50, 150);
  worker.Until([&] { return worker.next[0] == 150; });
  EXPECT_EQ(worker.values[0], Numbers(0, 150));
}

TEST(KafkaGather, HandsOutWhatItGatheredWithNewsOfTheGroup) {
  TestKafka kafka;
  kafka.CreateTopic("t", 2);
  TestWorker first(kafka.Options("t"));
  first.Until([&] { return first.owned.size() == 2; });
  first.gather_until = Now() + std::chrono::hours(1);
  kafka.SendMany("t", 0, 0, 10);
  kafka.SendMany("t", 1, 0, 10);
  TestWorker second(kafka.Options("t"));
  second.Until([&] {
    first.Step();
    return second.owned.size() == 1 && first.owned.size() == 1;
  });
  EXPECT_EQ(first.next[0] + first.next[1], 20);
}

}  // namespace
}  // namespace sluice
