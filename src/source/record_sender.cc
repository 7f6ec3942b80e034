#include "source/record_sender.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "core/text.h"
#include "source/kafka_conf.h"

namespace sluice {
namespace {

Result<KafkaConf> ProducerConf(const ProduceOptions& options, const std::string& brokers) {
  const KafkaSettings defaults{{"client.id", "sluice-produce"},
                               {"queue.buffering.max.kbytes", "65536"},
                               {"reconnect.backoff.max.ms", "2000"},
                               {"log.connection.close", "false"},
                               {"allow.auto.create.topics", "false"}};
  const KafkaSettings fixed{
      {"bootstrap.servers", brokers}, {"enable.idempotence", "true"}, {"acks", "all"}};
  SLUICE_ASSIGN(const auto settings, MergeSettings(defaults, options.options, fixed));
  return MakeConf(settings);
}

}  // namespace

RecordSender::RecordSender(const ProduceOptions& options, std::string brokers)
    : topic_name_(options.topic), health_(std::move(brokers)), backlog_(options.topic) {}

Result<std::unique_ptr<RecordSender>> RecordSender::Make(const ProduceOptions& options) {
  const std::string& brokers = options.embedded ? options.embedded->bootstrap : options.brokers;
  SLUICE_ASSIGN(KafkaConf conf, ProducerConf(options, brokers));
  std::unique_ptr<RecordSender> sender(new RecordSender(options, brokers));
  rd_kafka_conf_set_opaque(conf.get(), sender.get());
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivery);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  SLUICE_ASSIGN(sender->client_, MakeClient(RD_KAFKA_PRODUCER, std::move(conf)));
  SLUICE_TRY(sender->Open(options));
  return sender;
}

RecordSender::~RecordSender() {
  if (client_) rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

Status RecordSender::Open(const ProduceOptions& options) {
  topic_.reset(rd_kafka_topic_new(client_.get(), topic_name_.c_str(), nullptr));
  if (!topic_) {
    return Fail(ToError(rd_kafka_last_error(), "the topic cannot be used",
                        rd_kafka_err2str(rd_kafka_last_error())));
  }
  if (options.acks_file.empty()) return {};
  acks_.reset(std::fopen(options.acks_file.c_str(), "a"));
  if (acks_) return {};
  return Fail(ErrorKind::kFatal,
              fmt::format("cannot write {}: {}", options.acks_file, std::strerror(errno)));
}

Result<bool> RecordSender::Send(const std::optional<std::string>& key, std::string_view value) {
  SLUICE_TRY(Check());
  const int result = rd_kafka_produce(topic_.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                                      const_cast<char*>(value.data()), value.size(),
                                      key ? key->data() : nullptr, key ? key->size() : 0, nullptr);
  if (result == 0) {
    ++sent_;
    backlog_.OnSent(value.size() + (key ? key->size() : 0));
    return true;
  }
  const auto code = rd_kafka_last_error();
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("a record is too large to send: {} bytes", value.size()),
                "raise `message.max.bytes`, here and at the broker", "message_too_large");
  }
  return Fail(ToError(code, "a record cannot be sent", rd_kafka_err2str(code)));
}

void RecordSender::Serve(std::chrono::milliseconds wait) {
  rd_kafka_poll(client_.get(), static_cast<int>(wait.count()));
  if (acks_) std::fflush(acks_.get());
}

Status RecordSender::Check() {
  if (failure_) {
    Error error = *failure_;
    error.message = fmt::format("{}; {} records were acknowledged, {} were not", error.message,
                                acked_, sent_ - acked_);
    return Fail(std::move(error));
  }
  if (acks_ && std::ferror(acks_.get()) != 0) {
    return Fail(ErrorKind::kFatal, "the acks file cannot be written");
  }
  if (auto refusal = health_.Refusal()) return Fail(*std::move(refusal));
  return {};
}

std::string RecordSender::Waiting() {
  const Status health = health_.Check();
  return health ? "" : health.error().message;
}

void RecordSender::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  auto* const sender = static_cast<RecordSender*>(self);
  sender->backlog_.OnDone(*message);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return sender->Acknowledge(*message);
  ++sender->failed_;
  if (sender->failure_) return;
  // Not rd_kafka_message_errstr: of a record that was to be sent it returns the value.
  sender->failure_ =
      ToError(message->err, "a record was not delivered", rd_kafka_err2str(message->err));
}

void RecordSender::Acknowledge(const rd_kafka_message_t& message) {
  ++acked_;
  health_.OnAnswer();
  if (!acks_) return;
  const std::string_view value(static_cast<const char*>(message.payload), message.len);
  fmt::print(acks_.get(), "{{\"partition\":{},\"offset\":{},\"sha256\":\"{}\"}}\n",
             message.partition, message.offset, Sha256Hex(value));
}

void RecordSender::OnError(rd_kafka_t* client, int code, const char* reason, void* self) {
  const auto cause = CauseOf(client, static_cast<rd_kafka_resp_err_t>(code), reason);
  static_cast<RecordSender*>(self)->health_.OnError(cause.code, cause.reason);
}

}  // namespace sluice
