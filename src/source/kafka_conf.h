#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"
#include "source/rdkafka_handles.h"

namespace sluice {

/// librdkafka's names and values.
using KafkaSettings = std::map<std::string, std::string>;

/// Returns `defaults`, overridden by `chosen`, overridden by `fixed`. FailsWith kInvalidConfig when
/// `chosen` names one of `fixed`.
Result<KafkaSettings> MergeSettings(const KafkaSettings& defaults, const KafkaSettings& chosen,
                                    const KafkaSettings& fixed);

/// Returns a configuration that logs through core/log.h: the library itself writes nothing to
/// stderr. FailsWith kInvalidConfig and the nearest name on an unknown option or a wrong value.
Result<KafkaConf> MakeConf(const KafkaSettings& settings);

/// Starts a client and its threads. FailsWith kInvalidConfig when settings contradict each other.
Result<KafkaClient> MakeClient(rd_kafka_type_t type, KafkaConf conf);

/// Ends a client that waits for its broker, in a thread that nobody waits for; it calls no callback
/// any more. Nothing else may hold on to the client.
void EndInBackground(KafkaClient client);

/// Returns an Error for a broker's or the client's code: kRetryable when the same may work later,
/// kInvalidConfig when the broker refuses us (`sasl_refused`, `tls_refused`, …) or the topic is not
/// there, kFenced when another static member took our name, kFatal when the client broke for good.
Error ToError(rd_kafka_resp_err_t code, std::string_view doing, std::string_view reason);

struct ClientError {
  rd_kafka_resp_err_t code;
  std::string reason;
};
/// Returns what lies behind a code that only says that the client cannot go on.
ClientError CauseOf(rd_kafka_t* client, rd_kafka_resp_err_t code, std::string_view reason);

}  // namespace sluice
