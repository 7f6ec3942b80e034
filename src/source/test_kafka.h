#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/kafka_conf.h"
#include "source/kafka_source.h"

#include <librdkafka/rdkafka_mock.h>

namespace sluice {

/// A mock cluster, and a producer that sends plain records to chosen partitions.
class TestKafka {
 public:
  explicit TestKafka(int brokers = 1) {
    keeper_ = *MakeClient(RD_KAFKA_PRODUCER, *MakeConf({}));
    mock_.reset(rd_kafka_mock_cluster_new(keeper_.get(), brokers));
    rd_kafka_mock_group_initial_rebalance_delay_ms(mock(), 0);
    rd_kafka_mock_set_controller_id(mock(), 1);
    producer_ = NewProducer({});
  }

  rd_kafka_mock_cluster_t* mock() const { return mock_.get(); }
  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(mock()); }

  KafkaClient NewProducer(KafkaSettings settings) const {
    settings.insert(
        {{"bootstrap.servers", brokers()}, {"linger.ms", "0"}, {"message.max.bytes", "20000000"}});
    return *MakeClient(RD_KAFKA_PRODUCER, *MakeConf(settings));
  }

  void CreateTopic(const std::string& topic, int partitions) const {
    ASSERT_EQ(rd_kafka_mock_topic_create(mock(), topic.c_str(), partitions, 1),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  void Send(const std::string& topic, int32_t partition, const std::string& value) {
    rd_kafka_producev(producer_.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                      RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                      RD_KAFKA_V_END);
  }

  void SendMany(const std::string& topic, int32_t partition, int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i) Send(topic, partition, std::to_string(i));
    Flush();
  }

  void Flush() { ASSERT_EQ(rd_kafka_flush(producer_.get(), 20'000), RD_KAFKA_RESP_ERR_NO_ERROR); }
  rd_kafka_t* producer() const { return producer_.get(); }

  KafkaSourceOptions Options(const std::string& topic) const {
    KafkaSourceOptions options;
    options.brokers = brokers();
    options.topic = topic;
    options.group = "group-" + topic;
    options.options = {{"session.timeout.ms", "2000"},
                       {"heartbeat.interval.ms", "200"},
                       {"fetch.wait.max.ms", "50"},
                       {"fetch.error.backoff.ms", "20"},
                       {"reconnect.backoff.max.ms", "200"}};
    return options;
  }

 private:
  using MockCluster = KafkaHandle<rd_kafka_mock_cluster_t, rd_kafka_mock_cluster_destroy>;
  KafkaClient keeper_;
  MockCluster mock_;
  KafkaClient producer_;
};

/// Plays the worker: answers the group, keeps what came, and checks that ranges join.
class TestWorker {
 public:
  explicit TestWorker(KafkaSourceOptions options) : source_(*MakeKafkaSource(std::move(options))) {}

  Source& source() { return *source_; }

  /// One Poll; an assignment is answered with `start`, a revocation with Unassign.
  void Step(std::chrono::milliseconds wait = std::chrono::milliseconds(50)) {
    auto polled = source_->Poll({.first = wait, .gather = gather_until});
    if (!polled) {
      errors.push_back(polled.error());
      return;
    }
    Take(*polled);
    if (!polled->group.revoked.empty()) {
      for (const auto id : polled->group.revoked) owned.erase(id.value);
      lost = lost || polled->group.lost;
      ASSERT_TRUE(source_->Unassign(polled->group.revoked));
    }
    std::vector<OffsetRange> from;
    for (const auto id : polled->group.assigned) {
      owned[id.value] = true;
      next.try_emplace(id.value, start);
      from.push_back({id, {next[id.value]}, {0}});
    }
    if (from.empty()) return;
    ASSERT_TRUE(source_->Assign(from));
  }

  /// Steps until `done`; fails after 30 s.
  void Until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!done() && !testing::Test::HasFatalFailure()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline)
          << "gave up; last error: " << (errors.empty() ? "none" : errors.back().message);
      Step();
    }
  }

  void GoBack(int32_t partition, int64_t offset) {
    next[partition] = offset;
    values[partition].clear();
    ASSERT_TRUE(source_->Assign(std::vector<OffsetRange>{{{partition}, {offset}, {0}}}));
  }

  int64_t start = 0;
  SteadyTime gather_until{};
  std::map<int32_t, int64_t> next;                     // end of the ranges so far
  std::map<int32_t, std::vector<std::string>> values;  // by partition
  std::map<int32_t, bool> owned;
  std::vector<RawBatch> batches;  // with records
  std::vector<PartitionFailure> failures;
  std::vector<Error> errors;
  bool lost = false;

 private:
  void Take(Polled& polled) {
    for (const auto& range : polled.batch.ranges) {
      const auto [partition, begin, end] = range;
      ASSERT_EQ(begin.value, next[partition.value]) << "partition " << partition.value;
      ASSERT_LT(begin, end);
      next[partition.value] = end.value;
    }
    for (const auto& record : polled.batch.records) {
      ASSERT_LT(record.offset.value, next[record.partition.value]);
      values[record.partition.value].emplace_back(record.value.value_or("<null>"));
    }
    for (auto& failure : polled.failures) failures.push_back(std::move(failure));
    if (!polled.batch.records.empty()) batches.push_back(std::move(polled.batch));
  }

  std::unique_ptr<Source> source_;
};

/// Returns "first", "first + 1", … as text.
inline std::vector<std::string> Numbers(int64_t first, int64_t count) {
  std::vector<std::string> numbers;
  for (int64_t i = first; i < first + count; ++i) numbers.push_back(std::to_string(i));
  return numbers;
}

}  // namespace sluice
