#include "source/kafka_conf.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/log.h"
#include "core/text.h"
#include "core/thread.h"

namespace sluice {
namespace {

constexpr int kSyslogWarning = 4;

// What BrokerHealth tells once per change of state, the library tells at each attempt; and one list
// of options serves consumer and producer.
bool IsNoise(std::string_view facility) {
  constexpr std::array<std::string_view, 8> kNoise{"FAIL",      "ERROR",    "REQTMOUT", "HEARTBEAT",
                                                   "TERMINATE", "METADATA", "GETPID",   "CONFWARN"};
  return std::ranges::find(kNoise, facility) != kNoise.end();
}

void OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  const bool warn = level <= kSyslogWarning && !IsNoise(facility);
  Log(warn ? LogLevel::kWarn : LogLevel::kDebug, "kafka client",
      {{"text", text}, {"facility", facility}, {"client", client ? rd_kafka_name(client) : ""}});
}

std::vector<std::string> OptionNames(const rd_kafka_conf_t* conf) {
  size_t count = 0;
  const char** dump = rd_kafka_conf_dump(const_cast<rd_kafka_conf_t*>(conf), &count);
  std::vector<std::string> names;
  for (size_t i = 0; i + 1 < count; i += 2) names.emplace_back(dump[i]);
  rd_kafka_conf_dump_free(dump, count);
  return names;
}

Status Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> reason{};
  const auto result =
      rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size());
  if (result == RD_KAFKA_CONF_OK) return {};
  if (result == RD_KAFKA_CONF_UNKNOWN) {
    const std::string nearest = Nearest(name, OptionNames(conf));
    return Fail(ErrorKind::kInvalidConfig, fmt::format("unknown Kafka option `{}`", name),
                nearest.empty() ? "" : fmt::format("did you mean `{}`?", nearest));
  }
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("Kafka option `{}` is refused: {}", name, reason.data()));
}

ErrorKind KindOf(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
      return ErrorKind::kFatal;
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return ErrorKind::kFenced;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return ErrorKind::kInvalidConfig;
    default:
      return ErrorKind::kRetryable;
  }
}

std::string CodeName(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "sasl_refused";
    case RD_KAFKA_RESP_ERR__SSL:
      return "tls_refused";
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return "message_too_large";
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return "topic_absent";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "topic_authorization";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "group_authorization";
    default:
      return rd_kafka_err2name(code);
  }
}

std::string HintFor(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "check `sasl.username`, `sasl.password` and `sasl.mechanism`";
    case RD_KAFKA_RESP_ERR__SSL:
      return "check `ssl.ca.location`, and that the broker's certificate names the host that "
             "`kafka:` names";
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return "raise the topic's `max.message.bytes`";
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return "another worker has the same `group.instance.id`: give each its own, or none";
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
      return "another program is a member of this group: choose another `group`";
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return "create the topic, as `sluice produce --partitions N` does, or correct its name";
    default:
      return "";
  }
}

}  // namespace

Result<KafkaSettings> MergeSettings(const KafkaSettings& defaults, const KafkaSettings& chosen,
                                    const KafkaSettings& fixed) {
  KafkaSettings merged = fixed;
  for (const auto& [name, value] : chosen) {
    if (fixed.contains(name)) {
      return Fail(
          ErrorKind::kInvalidConfig,
          fmt::format("Kafka option `{}` cannot be chosen: exactly-once needs its value `{}`", name,
                      fixed.at(name)),
          "take it out");
    }
    merged[name] = value;
  }
  merged.insert(defaults.begin(), defaults.end());
  return merged;
}

Result<KafkaConf> MakeConf(const KafkaSettings& settings) {
  KafkaConf conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  for (const auto& [name, value] : settings) SLUICE_TRY(Set(conf.get(), name, value));
  return conf;
}

Result<KafkaClient> MakeClient(rd_kafka_type_t type, KafkaConf conf) {
  std::array<char, 512> reason{};
  KafkaClient client(rd_kafka_new(type, conf.get(), reason.data(), reason.size()));
  if (!client) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("the Kafka client refuses its options: {}", reason.data()));
  }
  [[maybe_unused]] const auto* const taken = conf.release();  // by rd_kafka_new
  return client;
}

void EndInBackground(KafkaClient client) {
  rd_kafka_t* const owned = client.release();
  auto thread = StartThread("the end of a Kafka client", [owned] {
    rd_kafka_destroy_flags(owned, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  });
  // A process that has no thread left keeps the client.
  if (thread) thread->detach();
}

ClientError CauseOf(rd_kafka_t* client, rd_kafka_resp_err_t code, std::string_view reason) {
  if (code != RD_KAFKA_RESP_ERR__FATAL) return {code, std::string(reason)};
  std::array<char, 512> fatal{};
  const auto cause = rd_kafka_fatal_error(client, fatal.data(), fatal.size());
  // Only this one says what to do; the others mean that the client broke.
  const bool fenced = cause == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
  return {fenced ? cause : code, fatal[0] == 0 ? std::string(reason) : std::string(fatal.data())};
}

Error ToError(rd_kafka_resp_err_t code, std::string_view doing, std::string_view reason) {
  return {KindOf(code), fmt::format("{}: {}", doing, EscapeControl(reason)), HintFor(code),
          CodeName(code)};
}

}  // namespace sluice
