#include "ledger/quarantine_report.h"

#include <array>

namespace sluice {
namespace {

constexpr std::string_view kColumns =
    "SELECT log_id, topic, partition, \"offset\", coalesce(to_char(kafka_ts AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), ''), to_char(at AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), value_len, sha256, reason, field, detail, ";
constexpr std::string_view kFrom =
    " FROM sluice.quarantine JOIN sluice.log USING (pipeline, log_id) WHERE pipeline = $1";

std::optional<std::string> Bytes(const SqlValue& hex) {
  if (!hex) return std::nullopt;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < hex->size(); i += 2) {
    bytes += static_cast<char>(digit((*hex)[i]) * 16 + digit((*hex)[i + 1]));
  }
  return bytes;
}

Quarantined FromRow(const SqlRow& row) {
  return {.log = LogId{static_cast<int32_t>(IntegerOf(row[0]))},
          .topic = row[1].value_or(""),
          .partition = PartitionId{static_cast<int32_t>(IntegerOf(row[2]))},
          .offset = Offset{IntegerOf(row[3])},
          .kafka_at = row[4].value_or(""),
          .at = row[5].value_or(""),
          .value_bytes = IntegerOf(row[6]),
          .sha256 = row[7].value_or(""),
          .reason = row[8].value_or(""),
          .field = row[9].value_or(""),
          .detail = row[10].value_or(""),
          .key = Bytes(row[11]),
          .value = Bytes(row[12])};
}

}  // namespace

Result<std::vector<Quarantined>> ListQuarantined(SqlSession& session, const std::string& pipeline,
                                                 const std::string& reason, int64_t limit) {
  const std::array<SqlValue, 3> params{pipeline, reason, std::to_string(limit)};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(std::string(kColumns) + "NULL, NULL" + std::string(kFrom) +
                        " AND resolved_at IS NULL AND ($2 = '' OR reason = $2) ORDER BY at "
                        "DESC, log_id DESC, partition, \"offset\" DESC LIMIT $3::bigint",
                    params));
  std::vector<Quarantined> records;
  for (const auto& row : rows.rows) records.push_back(FromRow(row));
  return records;
}

Result<std::optional<Quarantined>> ShowQuarantined(SqlSession& session, const std::string& pipeline,
                                                   LogId log, PartitionId partition,
                                                   Offset offset) {
  const std::array<SqlValue, 4> params{pipeline, std::to_string(log.value),
                                       std::to_string(partition.value),
                                       std::to_string(offset.value)};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query(std::string(kColumns) + "encode(key, 'hex'), encode(value, 'hex')" +
                                  std::string(kFrom) +
                                  " AND log_id = $2::int AND partition = "
                                  "$3::int AND \"offset\" = $4::bigint",
                              params));
  if (rows.rows.empty()) return std::optional<Quarantined>();
  return FromRow(rows.rows[0]);
}

}  // namespace sluice
