#include "ledger/quarantine_report.h"

#include <fmt/format.h>

#include <array>

#include "core/text.h"

namespace sluice {
namespace {

constexpr std::string_view kColumns =
    "SELECT q.log_id, l.topic, q.partition, q.\"offset\", CASE WHEN isfinite(q.kafka_ts) THEN "
    "to_char(q.kafka_ts AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') ELSE "
    "coalesce(q.kafka_ts::text, '') END, to_char(q.at AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), coalesce(to_char(q.resolved_at AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), ''), coalesce(q.resolved_by::text, ''), q.value_len, "
    "coalesce(octet_length(q.value), 0), q.sha256, q.reason, q.field, q.detail";
constexpr std::string_view kFrom =
    " FROM sluice.quarantine AS q JOIN sluice.log AS l USING (pipeline, log_id) WHERE ";

Quarantined FromRow(const SqlRow& row) {
  return {.id = {LogId{static_cast<int32_t>(IntegerOf(row[0]))},
                 PartitionId{static_cast<int32_t>(IntegerOf(row[2]))}, Offset{IntegerOf(row[3])}},
          .topic = row[1].value_or(""),
          .kafka_at = row[4].value_or(""),
          .at = row[5].value_or(""),
          .resolved_at = row[6].value_or(""),
          .resolved_by = row[7].value_or(""),
          .value_bytes = IntegerOf(row[8]),
          .kept_bytes = IntegerOf(row[9]),
          .sha256 = row[10].value_or(""),
          .reason = row[11].value_or(""),
          .field = row[12].value_or(""),
          .detail = row[13].value_or("")};
}

}  // namespace

std::optional<std::string> FromHex(const SqlValue& hex) {
  if (!hex) return std::nullopt;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  bytes.reserve(hex->size() / 2);
  for (size_t i = 0; i + 1 < hex->size(); i += 2) {
    bytes += static_cast<char>(digit((*hex)[i]) * 16 + digit((*hex)[i + 1]));
  }
  return bytes;
}

std::string_view HeadersAsHex() {
  return "(SELECT string_agg(encode(h, 'hex'), ',' ORDER BY i) FROM unnest(q.header_keys) WITH "
         "ORDINALITY AS t (h, i)), (SELECT string_agg(coalesce(encode(h, 'hex'), '-'), ',' ORDER "
         "BY i) FROM unnest(q.header_values) WITH ORDINALITY AS t (h, i))";
}

std::vector<QuarantinedHeader> HeadersFrom(const SqlValue& keys, const SqlValue& values) {
  std::vector<QuarantinedHeader> headers;
  if (!keys || !values) return headers;
  const auto names = Split(*keys, ','), contents = Split(*values, ',');
  for (size_t i = 0; i < names.size() && i < contents.size(); ++i) {
    headers.push_back(
        {FromHex(names[i]).value_or(""), contents[i] == "-" ? std::nullopt : FromHex(contents[i])});
  }
  return headers;
}

Result<std::vector<Quarantined>> ListQuarantined(SqlSession& session, const std::string& pipeline,
                                                 const QuarantineFilter& filter, int64_t limit) {
  const FilterSql chosen = WhereOf(pipeline, filter);
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query(fmt::format("{}{}{} ORDER BY q.at DESC, q.log_id DESC, q.partition, "
                                          "q.\"offset\" DESC LIMIT {}",
                                          kColumns, kFrom, chosen.where, limit),
                              chosen.params));
  std::vector<Quarantined> records;
  for (const auto& row : rows.rows) records.push_back(FromRow(row));
  return records;
}

Result<std::optional<Quarantined>> ShowQuarantined(SqlSession& session, const std::string& pipeline,
                                                   const RecordKey& id) {
  const FilterSql chosen =
      WhereOf(pipeline, {.state = QuarantineFilter::State::kAny, .records = {id}});
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(fmt::format("{}, encode(q.key, 'hex'), encode(q.value, 'hex'), {}{}{}",
                                kColumns, HeadersAsHex(), kFrom, chosen.where),
                    chosen.params));
  if (rows.rows.empty()) return std::optional<Quarantined>();
  const SqlRow& row = rows.rows[0];
  Quarantined record = FromRow(row);
  record.key = FromHex(row[14]);
  record.value = FromHex(row[15]);
  record.headers = HeadersFrom(row[16], row[17]);
  return record;
}

}  // namespace sluice
