#include "source/kafka_source.h"

#include <gmock/gmock.h>

#include "source/test_kafka.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(KafkaSource, ReadsFromTheAssignedOffset) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 100);
  TestWorker worker(kafka.Options("t"));
  worker.start = 40;
  worker.Until([&] { return worker.values[0].size() >= 60; });
  EXPECT_EQ(worker.values[0], Numbers(40, 60));
  EXPECT_EQ(worker.next[0], 100);
  EXPECT_EQ(worker.source().Counters().records, 60);
  EXPECT_EQ(worker.source().Counters().gap_offsets, 0);
}

TEST(KafkaSource, GoesBackAndForthOnAnAssignedPartition) {
  TestKafka kafka;
  kafka.CreateTopic("t", 2);
  kafka.SendMany("t", 0, 0, 3000);
  kafka.SendMany("t", 1, 0, 3000);
  auto options = kafka.Options("t");
  options.max_batch_rows = 700;  // much of what was fetched is still in the client's queue
  TestWorker worker(options);
  worker.Until([&] { return !worker.values[0].empty() && !worker.values[1].empty(); });
  for (const int64_t offset : {0, 5, 2990, 17, 1500, 0}) {
    worker.GoBack(0, offset);
    worker.Step();
    worker.GoBack(0, offset + 1);
    const auto wanted = static_cast<size_t>(std::min<int64_t>(100, 3000 - offset - 1));
    worker.Until([&] { return worker.values[0].size() >= wanted; });
    worker.values[0].resize(wanted);
    ASSERT_EQ(worker.values[0], Numbers(offset + 1, static_cast<int64_t>(wanted)));
  }
  worker.Until([&] { return worker.next[0] == 3000 && worker.next[1] == 3000; });
  EXPECT_EQ(worker.values[1], Numbers(0, 3000));
}

TEST(KafkaSource, KeepsWhatARecordCarries) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  std::string key("\0k", 2);
  rd_kafka_producev(kafka.producer(), RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                    RD_KAFKA_V_KEY(key.data(), key.size()), RD_KAFKA_V_VALUE(key.data(), 1),
                    RD_KAFKA_V_TIMESTAMP(1234567890123), RD_KAFKA_V_HEADER("a", "1", 1),
                    RD_KAFKA_V_HEADER("a", "\xFF\0", 2), RD_KAFKA_V_HEADER("none", nullptr, 0),
                    RD_KAFKA_V_HEADER("", "", 0), RD_KAFKA_V_END);
  rd_kafka_producev(kafka.producer(), RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                    RD_KAFKA_V_KEY(key.data(), 0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                    RD_KAFKA_V_VALUE(nullptr, 0), RD_KAFKA_V_END);
  rd_kafka_producev(kafka.producer(), RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(key.data(), 0),
                    RD_KAFKA_V_END);
  const std::string big(1'500'000, 'x');
  kafka.Send("t", 0, big);
  kafka.Flush();
  TestWorker worker(kafka.Options("t"));
  worker.Until([&] { return worker.values[0].size() == 4; });
  std::vector<Record> records;
  for (const auto& batch : worker.batches) {
    records.insert(records.end(), batch.records.begin(), batch.records.end());
  }
  EXPECT_EQ(records[0].key, key);
  EXPECT_EQ(records[0].value, std::string(1, '\0'));
  EXPECT_EQ(records[0].timestamp_ms, 1234567890123);
  ASSERT_EQ(records[0].headers.size(), 4);
  EXPECT_EQ(records[0].headers[0].key, "a");
  EXPECT_EQ(records[0].headers[0].value, "1");
  EXPECT_EQ(records[0].headers[1].value, std::string("\xFF\0", 2));
  EXPECT_EQ(records[0].headers[2].value, std::nullopt);
  EXPECT_EQ(records[0].headers[3].value, "");
  EXPECT_EQ(records[1].value, std::nullopt);
  EXPECT_TRUE(records[1].headers.empty());
  EXPECT_EQ(records[2].key, std::nullopt);
  EXPECT_EQ(records[2].value, "");
  EXPECT_EQ(records[3].value, big);
}

TEST(KafkaSource, KeepsToItsLimits) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 1000);
  auto options = kafka.Options("t");
  options.max_batch_rows = 64;
  TestWorker by_rows(options);
  by_rows.Until([&] { return by_rows.next[0] == 1000; });
  EXPECT_EQ(by_rows.values[0], Numbers(0, 1000));
  for (const auto& batch : by_rows.batches) EXPECT_LE(batch.records.size(), 64);

  kafka.CreateTopic("b", 1);
  for (int i = 0; i < 100; ++i) kafka.Send("b", 0, std::string(10'000, 'x'));
  kafka.Flush();
  auto narrow = kafka.Options("b");
  narrow.max_batch_bytes = 100'000;
  TestWorker by_bytes(narrow);
  by_bytes.Until([&] { return by_bytes.next[0] == 100; });
  for (const auto& batch : by_bytes.batches) EXPECT_LE(batch.arena->bytes(), 120'000);
}

TEST(KafkaSource, PausesAndResumes) {
  TestKafka kafka;
  kafka.CreateTopic("t", 2);
  kafka.SendMany("t", 0, 0, 10);
  kafka.SendMany("t", 1, 0, 10);
  TestWorker worker(kafka.Options("t"));
  worker.Until([&] { return worker.next[0] == 10 && worker.next[1] == 10; });
  const std::vector<PartitionId> first{{0}};
  ASSERT_TRUE(worker.source().Pause(first));
  kafka.SendMany("t", 0, 10, 10);
  kafka.SendMany("t", 1, 10, 10);
  worker.Until([&] { return worker.next[1] == 20; });
  for (int i = 0; i < 5; ++i) worker.Step();
  EXPECT_EQ(worker.next[0], 10);
  ASSERT_TRUE(worker.source().Resume(first));
  worker.Until([&] { return worker.next[0] == 20; });
  EXPECT_EQ(worker.values[0], Numbers(0, 20));
}

TEST(KafkaSource, SharesPartitionsInItsGroup) {
  TestKafka kafka;
  kafka.CreateTopic("t", 4);
  for (int p = 0; p < 4; ++p) kafka.SendMany("t", p, 0, 50);
  TestWorker one(kafka.Options("t"));
  one.Until([&] { return one.owned.size() == 4 && one.next[3] == 50 && one.next[0] == 50; });
  auto two = std::make_unique<TestWorker>(kafka.Options("t"));
  two->start = 50;
  const auto both = [&] {
    two->Step(milliseconds(10));
    return one.owned.size() == 2 && two->owned.size() == 2;
  };
  one.Until(both);
  EXPECT_FALSE(one.lost);
  for (int p = 0; p < 4; ++p) {
    EXPECT_NE(one.owned.contains(p), two->owned.contains(p)) << p;
    kafka.SendMany("t", p, 50, 50);
  }
  one.Until([&] {
    two->Step(milliseconds(10));
    for (int p = 0; p < 4; ++p) {
      if ((one.owned.contains(p) ? one : *two).next[p] != 100) return false;
    }
    return true;
  });
  two.reset();  // leaves the group: the first takes all again
  one.Until([&] { return one.owned.size() == 4; });
}

TEST(KafkaSource, StopsAPartitionWhoseRecordsAreGone) {
  TestKafka kafka;
  kafka.CreateTopic("t", 2);
  kafka.SendMany("t", 0, 0, 100);
  kafka.SendMany("t", 1, 0, 100);
  ASSERT_EQ(rd_kafka_mock_partition_delete_records(kafka.mock(), "t", 0, 30),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  TestWorker worker(kafka.Options("t"));
  worker.start = 10;
  worker.Until([&] { return !worker.failures.empty() && worker.next[1] == 100; });
  ASSERT_EQ(worker.failures.size(), 1);
  EXPECT_EQ(worker.failures[0].partition.value, 0);
  EXPECT_EQ(worker.failures[0].error.code, "source_data_lost");
  EXPECT_EQ(worker.failures[0].error.kind, ErrorKind::kFatal);
  EXPECT_THAT(worker.failures[0].error.message, HasSubstr("offsets 10 to 29"));
  EXPECT_TRUE(worker.values[0].empty());
  // The operator accepts the loss.
  worker.GoBack(0, 30);
  worker.Until([&] { return worker.next[0] == 100; });
  EXPECT_EQ(worker.values[0], Numbers(30, 70));
}

TEST(KafkaSource, StopsAPartitionThatTheEmbeddedRetentionCut) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  for (int i = 0; i < 80; ++i) {
    kafka.Send("t", 0, std::string(100'000, 'x'));
    kafka.Flush();
  }
  TestWorker worker(kafka.Options("t"));
  worker.Until([&] { return !worker.failures.empty(); });
  EXPECT_EQ(worker.failures[0].error.code, "source_data_lost");
  EXPECT_THAT(worker.failures[0].error.message, HasSubstr("offsets 0 to "));
}

TEST(KafkaSource, StopsAPartitionThatEndsBeforeUs) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 10);
  TestWorker worker(kafka.Options("t"));
  worker.start = 11;
  worker.Until([&] { return !worker.failures.empty(); });
  EXPECT_EQ(worker.failures[0].error.code, "source_truncated");
  EXPECT_THAT(worker.failures[0].error.message, HasSubstr("offset 11, the log now ends at 10"));
  for (int i = 0; i < 5; ++i) worker.Step();
  EXPECT_EQ(worker.failures.size(), 1);
}

TEST(KafkaSource, StopsAtATopicMadeAgain) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 10);
  TestWorker worker(kafka.Options("t"));
  worker.Until([&] { return worker.next[0] == 10; });
  ASSERT_EQ(rd_kafka_mock_topic_delete(kafka.mock(), "t"), RD_KAFKA_RESP_ERR_NO_ERROR);
  kafka.CreateTopic("t", 1);
  auto producer = kafka.NewProducer({});
  for (int i = 0; i < 20; ++i) {
    rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_VALUE(const_cast<char*>("new"), 3), RD_KAFKA_V_END);
  }
  rd_kafka_flush(producer.get(), 10'000);
  worker.Until([&] { return !worker.failures.empty(); });
  EXPECT_EQ(worker.failures[0].error.code, "topic_identity_changed");
  EXPECT_EQ(worker.values[0], Numbers(0, 10));
}

TEST(KafkaSource, GoesOnAfterTransientErrors) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 500);
  auto options = kafka.Options("t");
  options.max_batch_rows = 50;
  options.options["queued.min.messages"] = "60";  // many fetches
  options.options["fetch.message.max.bytes"] = "2000";
  TestWorker worker(options);
  constexpr int16_t kFetch = 1;
  rd_kafka_mock_push_request_errors(
      kafka.mock(), kFetch, 5, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
      RD_KAFKA_RESP_ERR_UNKNOWN, RD_KAFKA_RESP_ERR__TRANSPORT);
  worker.Until([&] { return worker.next[0] == 500; });
  rd_kafka_mock_push_request_errors(kafka.mock(), kFetch, 2, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
                                    RD_KAFKA_RESP_ERR__TRANSPORT);
  kafka.SendMany("t", 0, 500, 500);
  worker.Until([&] { return worker.next[0] == 1000; });
  EXPECT_EQ(worker.values[0], Numbers(0, 1000));
  EXPECT_TRUE(worker.failures.empty()) << worker.failures[0].error.message;
}

TEST(KafkaSource, RejoinsAfterGroupErrors) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 10);
  TestWorker worker(kafka.Options("t"));
  worker.Until([&] { return worker.next[0] == 10; });
  constexpr int16_t kHeartbeat = 12;
  for (const auto code :
       {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
        RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS}) {
    rd_kafka_mock_push_request_errors(kafka.mock(), kHeartbeat, 1, code);
    const int64_t next = worker.next[0];
    for (int i = 0; i < 10; ++i) worker.Step();
    kafka.SendMany("t", 0, next, 10);
    worker.Until([&] { return worker.next[0] == next + 10; });
  }
  EXPECT_EQ(worker.values[0], Numbers(0, 50));
}

// A clone, or what is left of an earlier life: the client is done for, the worker joins anew.
TEST(KafkaSource, IsFencedWhenItsInstanceIdWasTaken) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 10);
  KafkaSourceOptions options = kafka.Options("t");
  options.options["group.instance.id"] = "one";
  TestWorker worker(options);
  worker.Until([&] { return worker.next[0] == 10; });
  constexpr int16_t kHeartbeat = 12;
  rd_kafka_mock_push_request_errors(kafka.mock(), kHeartbeat, 1,
                                    RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
  worker.Until([&] { return !worker.errors.empty(); });
  EXPECT_EQ(worker.errors[0].kind, ErrorKind::kFenced) << worker.errors[0].message;
  EXPECT_THAT(worker.errors[0].hint, HasSubstr("group.instance.id"));
}

TEST(KafkaSource, OnlyCountsProgressThatCannotBeWritten) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 10);
  TestWorker worker(kafka.Options("t"));
  worker.Until([&] { return worker.next[0] == 10; });
  constexpr int16_t kOffsetCommit = 8;
  rd_kafka_mock_push_request_errors(kafka.mock(), kOffsetCommit, 1,
                                    RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
  worker.source().ReportProgress(std::vector<OffsetRange>{{{0}, {0}, {5}}});
  worker.Until([&] { return worker.source().Counters().report_failures > 0; });
  kafka.SendMany("t", 0, 10, 10);
  worker.Until([&] { return worker.next[0] == 20; });
  EXPECT_TRUE(worker.failures.empty());
}

TEST(KafkaSource, TellsWhenTheBrokerIsAwayAndGoesOnWhenItIsBack) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  kafka.SendMany("t", 0, 0, 10);
  TestWorker worker(kafka.Options("t"));
  worker.Until([&] { return worker.next[0] == 10; });
  rd_kafka_mock_broker_set_down(kafka.mock(), 1);
  worker.Until([&] { return !worker.errors.empty(); });
  EXPECT_EQ(worker.errors[0].kind, ErrorKind::kRetryable);
  EXPECT_THAT(worker.errors[0].message, HasSubstr("no Kafka broker answers at 127.0.0.1"));
  rd_kafka_mock_broker_set_up(kafka.mock(), 1);
  // Nothing new to read: the broker's return shows all the same.
  bool healthy = false;
  worker.Until([&] {
    const size_t errors = worker.errors.size();
    worker.Step();
    healthy = errors == worker.errors.size();
    return healthy;
  });
  kafka.SendMany("t", 0, 10, 10);
  worker.Until([&] { return worker.next[0] == 20; });
  EXPECT_EQ(worker.values[0], Numbers(0, 20));
}

TEST(KafkaSource, StopsAtABatchThatIsTooLarge) {
  TestKafka kafka;
  kafka.CreateTopic("t", 2);
  kafka.SendMany("t", 0, 0, 10);
  kafka.SendMany("t", 1, 0, 10);
  auto options = kafka.Options("t");
  options.options["fetch.message.max.bytes"] = "1000";
  options.options["fetch.max.bytes"] = "100000";
  options.options["receive.message.max.bytes"] = "101000";
  options.options["message.max.bytes"] = "100000";
  TestWorker worker(options);
  worker.Until([&] { return worker.next[0] == 10 && worker.next[1] == 10; });
  kafka.Send("t", 0, std::string(200'000, 'x'));
  kafka.Flush();
  worker.Until([&] { return !worker.failures.empty(); });
  EXPECT_EQ(worker.failures[0].error.code, "batch_too_large");
  EXPECT_EQ(worker.failures[0].partition.value, 0);
  EXPECT_THAT(worker.failures[0].error.hint, HasSubstr("receive.message.max.bytes"));
  kafka.SendMany("t", 1, 10, 10);
  worker.Until([&] { return worker.next[1] == 20; });
  EXPECT_EQ(worker.failures.size(), 1);
}

TEST(KafkaSource, StopsAtABatchThatInflatesTooMuch) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  const auto producer = kafka.NewProducer({{"compression.codec", "zstd"}});
  const std::string zeros(10'000'000, '0');
  rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                    RD_KAFKA_V_VALUE(const_cast<char*>(zeros.data()), zeros.size()),
                    RD_KAFKA_V_END);
  ASSERT_EQ(rd_kafka_flush(producer.get(), 10'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  auto options = kafka.Options("t");
  options.options["fetch.max.bytes"] = "1000000";
  options.options["receive.message.max.bytes"] = "1100000";
  options.options["message.max.bytes"] = "1000000";
  TestWorker worker(options);
  worker.Until([&] { return !worker.failures.empty(); });
  EXPECT_EQ(worker.failures[0].error.code, "batch_too_large");
  EXPECT_TRUE(worker.values[0].empty());
}

}  // namespace
}  // namespace sluice
