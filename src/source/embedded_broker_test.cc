#include "source/embedded_broker.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "source/test_kafka.h"

namespace sluice {
namespace {

class EmbeddedBrokerTest : public testing::Test {
 protected:
  EmbeddedBrokerTest() {
    std::string pattern = testing::TempDir() + "sluice-broker-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~EmbeddedBrokerTest() override { std::filesystem::remove_all(folder_); }
  std::string File() const { return folder_ + "/broker.json"; }
  void Write(const std::string& text) const { std::ofstream(File()) << text; }

  std::string folder_;
};

TEST_F(EmbeddedBrokerTest, IsFoundWhileItLives) {
  EXPECT_EQ(*FindEmbeddedBroker(folder_), std::nullopt);
  std::string first_uuid;
  {
    const auto broker = EmbeddedBroker::Start(folder_, "books", 2);
    ASSERT_TRUE(broker) << broker.error().message;
    const auto found = FindEmbeddedBroker(folder_);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->bootstrap, (*broker)->address().bootstrap);
    EXPECT_EQ((*found)->topic, "books");
    EXPECT_EQ((*found)->partitions, 2);
    EXPECT_EQ((*found)->pid, getpid());
    EXPECT_TRUE((*found)->bootstrap.starts_with("127.0.0.1:"));
    first_uuid = (*found)->topic_uuid;

    const auto second = EmbeddedBroker::Start(folder_, "books", 2);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::kInvalidConfig);
    EXPECT_TRUE(std::filesystem::exists(File()));
  }
  EXPECT_FALSE(std::filesystem::exists(File()));
  const auto again = EmbeddedBroker::Start(folder_, "books", 2);
  ASSERT_TRUE(again);
  EXPECT_NE((*again)->address().topic_uuid, first_uuid);
}

TEST_F(EmbeddedBrokerTest, AStaleFileIsIgnoredAndReplaced) {
  std::string killed;
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  const std::string tail = R"(,"process_start":1})";
  for (const std::string& text :
       {R"({"bootstrap":"127.0.0.1:1","topic":"t","partitions":1,"pid":)" + std::to_string(child) +
            tail,
        R"({"bootstrap":"127.0.0.1:1","topic":"t","partitions":1,"pid":)" +
            std::to_string(getpid()) + tail,
        std::string("{"), std::string("not json"), std::string()}) {
    Write(text);
    EXPECT_EQ(*FindEmbeddedBroker(folder_), std::nullopt) << text;
    const auto broker = EmbeddedBroker::Start(folder_, "t", 1);
    ASSERT_TRUE(broker) << text;
    EXPECT_TRUE(*FindEmbeddedBroker(folder_));
  }
}

TEST_F(EmbeddedBrokerTest, ServesItsTopicToAGroup) {
  const auto broker = *EmbeddedBroker::Start(folder_, "t", 1);
  const auto address = broker->address();
  KafkaSourceOptions options{.brokers = address.bootstrap, .topic = "t", .group = "g"};
  options.embedded = true;
  options.embedded_topic_uuid = address.topic_uuid;
  TestWorker worker(options);
  const auto producer =
      *MakeClient(RD_KAFKA_PRODUCER, *MakeConf({{"bootstrap.servers", address.bootstrap}}));
  for (int i = 0; i < 100; ++i) {
    const std::string value = std::to_string(i);
    rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                      RD_KAFKA_V_END);
  }
  rd_kafka_flush(producer.get(), 10'000);
  worker.Until([&] { return worker.next[0] == 100; });
  EXPECT_EQ(worker.values[0], Numbers(0, 100));
}

}  // namespace
}  // namespace sluice
