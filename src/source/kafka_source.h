#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/result.h"
#include "stage/source.h"

namespace sluice {

/// What a consumer needs. `options` takes librdkafka's names; those that the commit protocol
/// fixes (commit-protocol.md, section 7) are refused.
struct KafkaSourceOptions {
  std::string brokers;  ///< bootstrap list
  std::string topic;
  std::string group;
  std::map<std::string, std::string> options{};
  int64_t max_batch_rows = 50'000;
  int64_t max_batch_bytes = 16 << 20;
  std::string client_id{};
  bool embedded = false;  ///< the broker tells no lasting identity: take the two below
  std::string embedded_topic_uuid{};
  std::string embedded_cluster_id{};

  /// FailsWith kInvalidConfig on an empty name, a limit below 1 or a fixed or unknown option.
  Status Validate() const;
};

/// Joins the group at the first Poll. Needs no broker yet: a broker that is away shows in Poll and
/// Identify. A partition that failed delivers nothing until it is assigned again; one that is
/// being revoked delivers nothing either. FailsWith kInvalidConfig like Validate.
Result<std::unique_ptr<Source>> MakeKafkaSource(KafkaSourceOptions options);

}  // namespace sluice
