#include "source/consumer_conf.h"

#include "source/kafka_conf.h"

namespace sluice {
namespace {

KafkaSettings Defaults(const KafkaSourceOptions& options) {
  KafkaSettings defaults{{"client.id", options.client_id.empty() ? "sluice" : options.client_id},
                         {"fetch.queue.backoff.ms", "5"},
                         {"queued.min.messages", "100000"},
                         {"queued.max.messages.kbytes", "32768"},
                         {"reconnect.backoff.max.ms", "2000"},
                         // A dead worker's partitions wait for so long.
                         {"session.timeout.ms", "10000"},
                         {"topic.metadata.refresh.interval.ms", "10000"},
                         {"socket.keepalive.enable", "true"},
                         {"log.connection.close", "false"}};
  // The embedded broker lets every rebalance take a session's time.
  if (options.embedded) {
    defaults["session.timeout.ms"] = "3000";
    defaults["heartbeat.interval.ms"] = "300";
  }
  return defaults;
}

KafkaSettings Fixed(const KafkaSourceOptions& options) {
  return {{"bootstrap.servers", options.brokers},
          {"group.id", options.group},
          {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          {"auto.offset.reset", "error"},
          {"isolation.level", "read_committed"},
          {"check.crcs", "true"},
          {"enable.partition.eof", "true"},
          {"partition.assignment.strategy", "cooperative-sticky"},
          {"group.protocol", "classic"},
          {"allow.auto.create.topics", "false"}};
}

Result<KafkaSettings> Settings(const KafkaSourceOptions& options) {
  return MergeSettings(Defaults(options), options.options, Fixed(options));
}

}  // namespace

Result<KafkaConf> MakeConsumerConf(const KafkaSourceOptions& options) {
  SLUICE_ASSIGN(const auto settings, Settings(options));
  return MakeConf(settings);
}

Result<KafkaConf> MakeQuestionConf(const KafkaSourceOptions& options) {
  SLUICE_ASSIGN(auto settings, Settings(options));
  settings.erase("group.id");
  settings.erase("group.instance.id");
  return MakeConf(settings);
}

Status KafkaSourceOptions::Validate() const {
  const auto need = [](bool holds, const char* what) -> Status {
    if (holds) return {};
    return Fail(ErrorKind::kInvalidConfig, what);
  };
  SLUICE_TRY(need(!brokers.empty(), "source.kafka names no broker"));
  SLUICE_TRY(need(!topic.empty(), "source.topic is empty"));
  SLUICE_TRY(need(!group.empty(), "source.group is empty"));
  SLUICE_TRY(need(max_batch_rows >= 1, "source.max_batch_rows is below 1"));
  SLUICE_TRY(need(max_batch_bytes >= 1, "source.max_batch_bytes is below 1"));
  SLUICE_TRY(need(!embedded || !embedded_topic_uuid.empty(),
                  "the embedded broker's topic has no identity"));
  SLUICE_TRY(MakeConsumerConf(*this));
  return {};
}

}  // namespace sluice
