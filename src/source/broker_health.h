#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"

namespace sluice {

/// What is known of the brokers: reachable, away or refusing us. Logs each change once and counts
/// the rest; a connection that comes back within two seconds is no change. For one thread: errors
/// come in through rd_kafka_poll.
class BrokerHealth {
 public:
  explicit BrokerHealth(std::string brokers) : brokers_(std::move(brokers)) {}

  /// Takes what librdkafka's error callback tells.
  void OnError(rd_kafka_resp_err_t code, std::string_view reason);
  /// Any answer of a broker.
  void OnAnswer();
  /// Asks a broker by `client`, for 250 ms: with nothing to read its return shows no other way.
  void Probe(rd_kafka_t* client);
  /// FailsWith kRetryable while away or refused (which may heal: a broker that starts, a secret
  /// that is renewed there), kFatal after the client broke for good.
  Status Check();
  /// Returns why waiting is vain for somebody who only starts: kInvalidConfig while refused,
  /// kFatal.
  std::optional<Error> Refusal() const;
  /// Returns the known cause of a failed question; the failure itself when there is none.
  Error Explain(Error failure) const;
  bool troubled() const { return trouble_.has_value(); }
  int64_t errors() const { return errors_; }

 private:
  void Become(Error error);
  Error Trouble() const;

  std::string brokers_;
  std::optional<Error> trouble_;  // without a message: the brokers are away
  SteadyTime since_{};
  bool told_ = false;
  bool broken_ = false;  // the client's fatal error: nothing heals it
  std::string last_reason_;
  int64_t errors_ = 0;
};

}  // namespace sluice
