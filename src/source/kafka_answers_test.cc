#include <gmock/gmock.h>

#include "source/kafka_source.h"
#include "source/test_kafka.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(KafkaAnswers, IdentifiesItsTopic) {
  TestKafka kafka;
  kafka.CreateTopic("t", 3);
  const auto source = *MakeKafkaSource(kafka.Options("t"));
  const auto identity = source->Identify(milliseconds(5000));
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->partitions, 3);
  EXPECT_FALSE(identity->topic_uuid.empty());
  EXPECT_FALSE(identity->cluster_id.empty());
  EXPECT_FALSE(identity->embedded);

  auto options = kafka.Options("t");
  options.embedded = true;
  options.embedded_topic_uuid = "uuid";
  options.embedded_cluster_id = "cluster";
  const auto embedded = (*MakeKafkaSource(options))->Identify(milliseconds(5000));
  ASSERT_TRUE(embedded);
  EXPECT_TRUE(embedded->embedded);
  EXPECT_EQ(embedded->topic_uuid, "uuid");
  EXPECT_EQ(embedded->cluster_id, "cluster");
}

TEST(KafkaAnswers, NamesWhatKeepsItFromTheTopic) {
  TestKafka kafka;
  auto options = kafka.Options("absent");
  const auto absent = (*MakeKafkaSource(options))->Identify(milliseconds(5000));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, "topic_absent");
  EXPECT_EQ(absent.error().kind, ErrorKind::kInvalidConfig);

  kafka.CreateTopic("secret", 1);
  rd_kafka_mock_topic_set_error(kafka.mock(), "secret",
                                RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto secret = (*MakeKafkaSource(kafka.Options("secret")))->Identify(milliseconds(5000));
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code, "topic_authorization");
  EXPECT_EQ(secret.error().kind, ErrorKind::kInvalidConfig);

  options.brokers = "127.0.0.1:1";
  const auto away = (*MakeKafkaSource(options))->Identify(milliseconds(300));
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().kind, ErrorKind::kRetryable);
}

TEST(KafkaAnswers, AnswersWhereThingsLie) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  for (int i = 0; i < 10; ++i) {
    const std::string value = std::to_string(i);
    rd_kafka_producev(kafka.producer(), RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(1000 + i),
                      RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                      RD_KAFKA_V_END);
    kafka.Flush();
  }
  rd_kafka_mock_partition_delete_records(kafka.mock(), "t", 0, 3);
  const auto source = *MakeKafkaSource(kafka.Options("t"));
  const auto marks = source->QueryWatermarks({0}, milliseconds(5000));
  ASSERT_TRUE(marks) << marks.error().message;
  EXPECT_EQ(marks->low.value, 3);
  EXPECT_EQ(marks->high.value, 10);
  EXPECT_FALSE(source->QueryWatermarks({7}, milliseconds(500)));
}

TEST(KafkaAnswers, RefusesOptionsThatItFixes) {
  KafkaSourceOptions options{.brokers = "b:1", .topic = "t", .group = "g"};
  EXPECT_TRUE(options.Validate());
  options.options = {{"client.id", "mine"}};
  EXPECT_TRUE(options.Validate());
  options.options = {{"enable.auto.commit", "true"}};
  EXPECT_THAT(options.Validate().error().message, HasSubstr("`enable.auto.commit`"));
  options.options = {{"session.timeout", "5"}};
  EXPECT_EQ(options.Validate().error().hint, "did you mean `session.timeout.ms`?");
  options.options = {{"session.timeout.ms", "soon"}};
  EXPECT_EQ(options.Validate().error().kind, ErrorKind::kInvalidConfig);
  options.options = {};
  options.max_batch_rows = 0;
  EXPECT_FALSE(options.Validate());
}

}  // namespace
}  // namespace sluice
