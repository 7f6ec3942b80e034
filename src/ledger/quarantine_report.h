#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/types.h"
#include "stage/sql.h"

namespace sluice {

/// One quarantined record; `key` and `value` are raw bytes and only read by ShowQuarantined.
struct Quarantined {
  LogId log;
  std::string topic;
  PartitionId partition;
  Offset offset;
  std::string kafka_at;  ///< empty: the record has no timestamp
  std::string at;        ///< when it was quarantined
  int64_t value_bytes = 0;
  std::string sha256;
  std::string reason;
  std::string field;
  std::string detail;
  std::optional<std::string> key{};
  std::optional<std::string> value{};
};

/// Returns unresolved records, newest first; `reason` empty means all.
Result<std::vector<Quarantined>> ListQuarantined(SqlSession& session, const std::string& pipeline,
                                                 const std::string& reason, int64_t limit);

/// Returns one record with its bytes; nothing when it is not in the quarantine.
Result<std::optional<Quarantined>> ShowQuarantined(SqlSession& session, const std::string& pipeline,
                                                   LogId log, PartitionId partition, Offset offset);

}  // namespace sluice
