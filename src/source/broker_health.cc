#include "source/broker_health.h"

#include <fmt/format.h>

#include "core/log.h"
#include "source/kafka_conf.h"

namespace sluice {

void BrokerHealth::OnError(rd_kafka_resp_err_t code, std::string_view reason) {
  ++errors_;
  switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
      broken_ = true;
      return Become(ToError(code, "the Kafka client cannot go on", reason));
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
      return Become(ToError(code, fmt::format("the broker at {} refuses us", brokers_), reason));
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      // Refused brokers are down as well: keep the cause.
      if (trouble_) return;
      return Become(ToError(code, fmt::format("no Kafka broker answers at {}", brokers_), reason));
    default:
      return;
  }
}

void BrokerHealth::OnAnswer() {
  if (!trouble_ || broken_) return;
  trouble_.reset();
  Log(LogLevel::kInfo, "kafka answers again", {{"brokers", brokers_}});
}

Status BrokerHealth::Check() const {
  if (trouble_) return Fail(*trouble_);
  return {};
}

void BrokerHealth::Become(Error error) {
  const bool changed = !trouble_ || trouble_->kind != error.kind;
  trouble_ = std::move(error);
  if (changed) LogError("kafka is away", *trouble_);
}

}  // namespace sluice
