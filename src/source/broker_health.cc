#include "source/broker_health.h"

#include <fmt/format.h>

#include <utility>

#include "core/log.h"
#include "core/text.h"
#include "source/kafka_conf.h"

namespace sluice {
namespace {
constexpr int64_t kGraceMs = 2'000;
constexpr int kProbeMs = 250;
constexpr const char* kAwayHint =
    "does a broker run there, and is `security.protocol` the one of its listener?";
}  // namespace

void BrokerHealth::OnError(rd_kafka_resp_err_t code, std::string_view reason) {
  ++errors_;
  switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      broken_ = true;
      return Become(ToError(code, "the Kafka client cannot go on", reason));
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
      return Become(ToError(code, fmt::format("the broker at {} refuses us", brokers_), reason));
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      // Refused brokers are down as well: keep the cause.
      if (!trouble_) Become({ErrorKind::kRetryable, "", kAwayHint, "broker_away"});
      return;
    default:
      // What one of them says tells more than how many are down.
      last_reason_ = EscapeControl(reason);
      return;
  }
}

void BrokerHealth::OnAnswer() {
  if (!trouble_ || broken_) return;
  trouble_.reset();
  if (told_) Log(LogLevel::kInfo, "kafka answers again", {{"brokers", brokers_}});
  told_ = false;
}

void BrokerHealth::Probe(rd_kafka_t* client) {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto code = rd_kafka_metadata(client, /*all_topics=*/0, nullptr, &answer, kProbeMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  rd_kafka_metadata_destroy(answer);
  OnAnswer();
}

Status BrokerHealth::Check() {
  if (!trouble_) return {};
  if (trouble_->kind == ErrorKind::kRetryable && ElapsedMs(since_) < kGraceMs) return {};
  Error trouble = Trouble();
  if (!broken_) trouble.kind = ErrorKind::kRetryable;
  if (!told_) LogError("kafka is away", trouble);
  told_ = true;
  return Fail(std::move(trouble));
}

std::optional<Error> BrokerHealth::Refusal() const {
  if (!trouble_ || trouble_->kind == ErrorKind::kRetryable) return std::nullopt;
  return Trouble();
}

Error BrokerHealth::Explain(Error failure) const {
  if (trouble_ && failure.kind == ErrorKind::kRetryable) return Trouble();
  return failure;
}

Error BrokerHealth::Trouble() const {
  Error trouble = *trouble_;
  if (trouble.message.empty()) {
    trouble.message = fmt::format("no Kafka broker answers at {}{}{}", brokers_,
                                  last_reason_.empty() ? "" : ": ", last_reason_);
  }
  return trouble;
}

void BrokerHealth::Become(Error error) {
  if (!trouble_) since_ = Now();
  if (trouble_ && trouble_->kind != error.kind) told_ = false;
  trouble_ = std::move(error);
}

}  // namespace sluice
