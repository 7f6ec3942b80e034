#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace sluice {

/// What is known of the brokers: reachable, away or refusing us. Logs each change once and counts
/// the rest. For one thread: errors come in through rd_kafka_poll.
class BrokerHealth {
 public:
  explicit BrokerHealth(std::string brokers) : brokers_(std::move(brokers)) {}

  /// Takes what librdkafka's error callback tells.
  void OnError(rd_kafka_resp_err_t code, std::string_view reason);
  /// Any answer of a broker.
  void OnAnswer();
  /// FailsWith kRetryable while away, kFatal while refused or after the client broke for good.
  Status Check() const;
  int64_t errors() const { return errors_; }

 private:
  void Become(Error error);

  std::string brokers_;
  std::optional<Error> trouble_;
  bool broken_ = false;  // the client's fatal error: nothing heals it
  int64_t errors_ = 0;
};

}  // namespace sluice
