#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/types.h"
#include "ledger/quarantine_filter.h"
#include "stage/sql.h"

namespace sluice {

/// A header as the quarantine keeps it: raw bytes.
struct QuarantinedHeader {
  std::string key;
  std::optional<std::string> value;
};

/// One quarantined record; `key`, `value` and `headers` are raw bytes, only read by
/// ShowQuarantined.
struct Quarantined {
  RecordKey id;
  std::string topic;
  std::string kafka_at;     ///< empty: the record has no timestamp; `infinity`: past the year 9999
  std::string at;           ///< when it was quarantined
  std::string resolved_at;  ///< empty: it is still kept out
  std::string resolved_by;  ///< the commit that replayed it
  int64_t value_bytes = 0;
  int64_t kept_bytes = 0;  ///< fewer than value_bytes: the rest is gone, no replay
  std::string sha256;
  std::string reason;
  std::string field;
  std::string detail;
  std::optional<std::string> key{};
  std::optional<std::string> value{};
  std::vector<QuarantinedHeader> headers{};
};

/// Returns the chosen records without their bytes, newest first.
Result<std::vector<Quarantined>> ListQuarantined(SqlSession& session, const std::string& pipeline,
                                                 const QuarantineFilter& filter, int64_t limit);

/// Returns one record with its bytes, resolved or not; nothing when it is not in the quarantine.
Result<std::optional<Quarantined>> ShowQuarantined(SqlSession& session, const std::string& pipeline,
                                                   const RecordKey& id);

/// Returns the bytes that a cell of hex digits stands for; nothing for NULL.
std::optional<std::string> FromHex(const SqlValue& hex);

/// Reads what HeadersAsHex selects: digits, separated by commas, `-` for NULL.
std::vector<QuarantinedHeader> HeadersFrom(const SqlValue& keys, const SqlValue& values);

/// Two columns of a SELECT over `sluice.quarantine AS q`, for HeadersFrom.
std::string_view HeadersAsHex();

}  // namespace sluice
