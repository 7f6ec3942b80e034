// librdkafka alone: reads a topic from its beginning to its end, as the source does, and keeps
// nothing. Prints JSON.    consume_bench BROKERS TOPIC PARTITIONS
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr size_t kSlice = 1024;
constexpr int kWaitMs = 1000;

using Client = rd_kafka_t*;

[[noreturn]] void Die(const std::string& what) {
  fmt::print(stderr, "consume_bench: {}\n", what);
  std::exit(1);
}

Client MakeConsumer(const char* brokers) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const std::array<std::array<const char*, 2>, 8> settings{
      {{"bootstrap.servers", brokers},
       {"group.id", "consume_bench"},
       {"enable.auto.commit", "false"},
       {"check.crcs", "true"},
       {"enable.partition.eof", "true"},
       {"fetch.queue.backoff.ms", "5"},
       {"queued.min.messages", "100000"},
       {"queued.max.messages.kbytes", "65536"}}};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value, error.data(), error.size()) != RD_KAFKA_CONF_OK)
      Die(error.data());
  }
  Client client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error.data(), error.size());
  if (client == nullptr) Die(error.data());
  return client;
}

void AssignAll(Client client, const char* topic, int partitions) {
  rd_kafka_poll_set_consumer(client);
  auto* list = rd_kafka_topic_partition_list_new(partitions);
  for (int partition = 0; partition < partitions; ++partition) {
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  if (rd_kafka_assign(client, list) != RD_KAFKA_RESP_ERR_NO_ERROR) Die("assign");
  rd_kafka_topic_partition_list_destroy(list);
}

struct Total {
  uint64_t records = 0;
  uint64_t bytes = 0;
  int ends = 0;
};

void Take(rd_kafka_message_t* message, Total& total) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++total.records;
    total.bytes += message->len;
  } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    ++total.ends;
  } else {
    Die(rd_kafka_message_errstr(message));
  }
  rd_kafka_message_destroy(message);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) Die("usage: consume_bench BROKERS TOPIC PARTITIONS");
  const int partitions = std::atoi(argv[3]);
  const auto begun = std::chrono::steady_clock::now();
  Client client = MakeConsumer(argv[1]);
  AssignAll(client, argv[2], partitions);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client);
  std::array<rd_kafka_message_t*, kSlice> slots{};
  Total total;
  while (total.ends < partitions) {
    const auto count = rd_kafka_consume_batch_queue(queue, kWaitMs, slots.data(), slots.size());
    for (ssize_t i = 0; i < count; ++i) Take(slots[static_cast<size_t>(i)], total);
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun;
  fmt::print("{{\"records\": {}, \"bytes\": {}, \"wall_s\": {:.4f}, \"cpu_s\": {:.4f}}}\n",
             total.records, total.bytes, wall.count(), CpuSeconds());
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return 0;
}
