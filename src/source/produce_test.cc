#include "source/produce.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/text.h"
#include "source/test_kafka.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kBooks = SLUICE_SOURCE_DIR "/examples/books/data/best-selling-books.csv";

class ProduceTest : public testing::Test {
 protected:
  ProduceTest() {
    std::string pattern = testing::TempDir() + "sluice-produce-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~ProduceTest() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& text, const std::string& name = "in.csv") const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
    return folder_ + "/" + name;
  }
  ProduceOptions Options(const TestKafka& kafka, const std::string& csv) const {
    ProduceOptions options;
    options.brokers = kafka.brokers();
    options.topic = "t";
    options.csv = csv;
    return options;
  }
  static Result<ProduceSummary> Run(const ProduceOptions& options) {
    return Produce(options, {}, {});
  }
  // All values of partition 0, read back.
  static std::vector<std::string> Values(const TestKafka& kafka, size_t count) {
    TestWorker worker(kafka.Options("t"));
    worker.Until([&] { return worker.values[0].size() >= count; });
    for (int i = 0; i < 3; ++i) worker.Step();
    return worker.values[0];
  }

  std::string folder_;
};

TEST_F(ProduceTest, SendsEveryRowOnce) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  auto options = Options(kafka, kBooks);
  options.acks_file = folder_ + "/acks";
  ProduceProgress last;
  const auto summary = Produce(options, [&](const auto& progress) { last = progress; }, {});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->rows_read, 174);
  EXPECT_EQ(summary->acked, 174);
  EXPECT_EQ(last.acked, 174);
  EXPECT_EQ(last.bytes, last.total_bytes);
  const auto values = Values(kafka, 174);
  ASSERT_EQ(values.size(), 174);
  const std::string first =
      "{\"Book\":\"A Tale of Two Cities\",\"Author(s)\":\"Charles Dickens\","
      "\"Original language\":\"English\",\"First published\":1859,"
      "\"Approximate sales in millions\":200,\"Genre\":\"Historical fiction\"}";
  EXPECT_EQ(values[0], first);
  std::ifstream acks(options.acks_file);
  std::string line;
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_TRUE(std::getline(acks, line));
    EXPECT_EQ(line, "{\"partition\":0,\"offset\":" + std::to_string(i) + ",\"sha256\":\"" +
                        Sha256Hex(values[i]) + "\"}");
  }
  EXPECT_FALSE(std::getline(acks, line));
}

TEST_F(ProduceTest, SendsNothingOfABrokenFile) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  const auto summary = Run(Options(kafka, File("a,b\n1,2\n3,4\n5\n")));
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(summary.error().message, HasSubstr("in.csv:4: 1 columns where the header has 2"));
  int64_t low = 0;
  int64_t high = -1;
  rd_kafka_query_watermark_offsets(kafka.producer(), "t", 0, &low, &high, 5000);
  EXPECT_EQ(high, 0);
}

TEST_F(ProduceTest, SaysHowManyRowsOfAPipeWereSent) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  const std::string pipe = folder_ + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] {
    std::ofstream out(pipe);
    out << "a,b\n";
    for (int i = 0; i < 200; ++i) out << i << ",x\n";
    out << "broken\n";
  });
  const auto summary = Run(Options(kafka, pipe));
  writer.join();
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(summary.error().message, HasSubstr("pipe:202: 1 columns"));
  EXPECT_THAT(summary.error().message, HasSubstr("the 200 records before it were sent"));
  const auto values = Values(kafka, 200);
  EXPECT_EQ(values.size(), 200);
  EXPECT_EQ(values[199], R"({"a":199,"b":"x"})");
}

TEST_F(ProduceTest, TakesKeyRepeatAndDeclaredTypes) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  auto options = Options(kafka, File("id;name\n1;one\n2;\n"));
  options.key = "name";
  options.repeat = 3;
  options.declared = {{.name = "id", .type = {.kind = TypeKind::kString}}};
  const auto summary = Run(options);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->acked, 6);
  TestWorker worker(kafka.Options("t"));
  worker.Until([&] { return worker.values[0].size() == 6; });
  const std::string one = R"({"id":"1","name":"one"})";
  const std::string two = R"({"id":"2","name":null})";
  EXPECT_THAT(worker.values[0], ElementsAre(one, two, one, two, one, two));
  EXPECT_EQ(worker.batches[0].records[0].key, "one");
  EXPECT_EQ(worker.batches[0].records[1].key, std::nullopt);
  EXPECT_TRUE(worker.batches[0].records[0].timestamp_ms);
}

TEST_F(ProduceTest, KeepsItsPace) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  std::string rows = "a\n";
  for (int i = 0; i < 21; ++i) rows += "1\n";
  auto options = Options(kafka, File(rows));
  options.delay_ms = 10;
  const auto delayed = Run(options);
  ASSERT_TRUE(delayed);
  EXPECT_GE(delayed->elapsed_ms, 200);
  options.delay_ms = 0;
  options.rate = 100;
  const auto rated = Run(options);
  ASSERT_TRUE(rated);
  EXPECT_GE(rated->elapsed_ms, 199);  // less than a millisecond is not waited for
}

TEST_F(ProduceTest, StopsWhenAsked) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  auto options = Options(kafka, kBooks);
  options.delay_ms = 20;
  std::stop_source stop;
  const auto summary = Produce(
      options,
      [&](const auto& progress) {
        if (progress.rows_read >= 3) stop.request_stop();
      },
      stop.get_token());
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->stopped);
  EXPECT_GE(summary->acked, 3);
  EXPECT_LT(summary->acked, 174);
}

TEST_F(ProduceTest, DeliversInSpiteOfTransientErrors) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  constexpr int16_t kProduce = 0;
  rd_kafka_mock_push_request_errors(
      kafka.mock(), kProduce, 4, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
  const auto summary = Run(Options(kafka, kBooks));
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->acked, 174);
  EXPECT_EQ(Values(kafka, 174).size(), 174);
}

TEST_F(ProduceTest, CountsWhatWasNotDelivered) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  auto options = Options(kafka, kBooks);
  options.options["message.timeout.ms"] = "1000";
  rd_kafka_mock_partition_set_leader(kafka.mock(), "t", 0, -1);
  const auto summary = Run(options);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().kind, ErrorKind::kRetryable);
  EXPECT_THAT(summary.error().message, HasSubstr("0 records were acknowledged, 174 were not"));
}

TEST_F(ProduceTest, RefusesWhatCannotWork) {
  TestKafka kafka;
  kafka.CreateTopic("t", 1);
  auto options = Options(kafka, kBooks);
  options.key = "Genres";
  auto failed = Run(options);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kUsage);
  EXPECT_EQ(failed.error().hint, "did you mean `Genre`?");

  options = Options(kafka, folder_ + "/absent.csv");
  failed = Run(options);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kBadInput);

  options = Options(kafka, kBooks);
  options.topic = "absent";
  failed = Run(options);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, "topic_absent");
  EXPECT_THAT(failed.error().hint, HasSubstr("--partitions"));

  options = Options(kafka, kBooks);
  options.delay_ms = 1;
  options.rate = 1;
  EXPECT_EQ(Run(options).error().kind, ErrorKind::kUsage);
  options.rate = 0;
  options.options["acks"] = "1";
  EXPECT_EQ(Run(options).error().kind, ErrorKind::kInvalidConfig);
}

TEST_F(ProduceTest, WaitsForTheReaderOfTheEmbeddedBroker) {
  const auto broker = *EmbeddedBroker::Start(folder_, "t", 1);
  std::string rows = "id,text\n";
  constexpr int kRows = 12'000;  // 12 MB: more than twice what the broker keeps
  for (int i = 0; i < kRows; ++i) {
    rows += std::to_string(i) + "," + std::string(1000, 'x') + "\n";
  }
  ProduceOptions options;
  options.topic = "t";
  options.csv = File(rows);
  options.embedded = broker->address();
  options.group = "reader";
  std::atomic<bool> waited = false;
  Result<ProduceSummary> summary;
  std::jthread producer([&] {
    summary = Produce(options,
                      [&](const auto& progress) {
                        if (progress.waiting.empty() || waited) return;
                        waited = true;
                        waited.notify_all();
                      },
                      {});
  });
  waited.wait(false);

  KafkaSourceOptions source{
      .brokers = broker->address().bootstrap, .topic = "t", .group = "reader"};
  source.embedded = true;
  source.embedded_topic_uuid = broker->address().topic_uuid;
  TestWorker worker(source);
  worker.Until([&] {
    worker.source().ReportProgress(std::vector<OffsetRange>{{{0}, {0}, {worker.next[0]}}});
    return worker.next[0] == kRows;
  });
  producer.join();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->acked, kRows);
  EXPECT_TRUE(worker.failures.empty());
  ASSERT_EQ(worker.values[0].size(), kRows);
  EXPECT_TRUE(worker.values[0].back().starts_with(R"({"id":11999,)"));

  // A second producer finds all of it read.
  options.csv = File("id,text\n1,x\n");
  const auto second = Run(options);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->acked, 1);
}

}  // namespace
}  // namespace sluice
