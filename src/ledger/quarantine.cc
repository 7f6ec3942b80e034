#include "ledger/quarantine.h"

#include <fmt/format.h>

#include <ctime>

#include "core/text.h"

namespace sluice {
namespace {

constexpr size_t kDetailBytes = 1024;
constexpr std::string_view kCopy =
    "COPY sluice.quarantine (pipeline, log_id, partition, \"offset\", kafka_ts, key, value, "
    "value_len, sha256, reason, field, detail, commit_id, header_keys, header_values) FROM STDIN";

// Text of a COPY cell: NUL cannot be stored, the format's own bytes are escaped.
void AppendText(std::string& line, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '\\':
        line += "\\\\";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      default:
        line += c;
    }
  }
}

void AppendHex(std::string& line, std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    line += kHex[byte >> 4];
    line += kHex[byte & 0xF];
  }
}

void AppendBytes(std::string& line, std::optional<std::string_view> bytes) {
  if (!bytes) {
    line += "\\N";
    return;
  }
  line += "\\\\x";
  AppendHex(line, *bytes);
}

// An array of bytea; `of` returns each header's item.
template <typename Of>
void AppendArray(std::string& line, const std::vector<RecordHeader>& headers, Of&& of) {
  if (headers.empty()) {
    line += "\\N";
    return;
  }
  line += '{';
  for (size_t i = 0; i < headers.size(); ++i) {
    const std::optional<std::string_view> item = of(headers[i]);
    if (i > 0) line += ',';
    if (!item) {
      line += "NULL";
      continue;
    }
    // The array's own backslash, escaped once for the array and once for COPY.
    line += "\"\\\\\\\\x";
    AppendHex(line, *item);
    line += '"';
  }
  line += '}';
}

// ISO time with zone. No row can have a later one than the year 9999, so it need not be exact.
std::string TimestampCell(const std::optional<int64_t>& timestamp_ms) {
  constexpr int64_t kLatestMs = 253402300799999;
  if (!timestamp_ms) return "\\N";
  if (*timestamp_ms > kLatestMs) return "infinity";
  const int64_t seconds = *timestamp_ms / 1000;
  const time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}+00", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     *timestamp_ms % 1000);
}

std::optional<std::string_view> KeptValue(const QuarantineRow& row) {
  if (!row.record.value) return std::nullopt;
  const bool too_large = row.reject.reason == "message_too_large";
  return row.record.value->substr(0, too_large ? kTooLargeValueBytes : kQuarantinedValueBytes);
}

void AppendLine(std::string& data, const std::string& pipeline, LogId log, const CommitId& commit,
                const QuarantineRow& row) {
  AppendText(data, pipeline);
  data += fmt::format("\t{}\t{}\t{}\t{}\t", log.value, row.reject.id.partition.value,
                      row.reject.id.offset.value, TimestampCell(row.record.timestamp_ms));
  AppendBytes(data, row.record.key);
  data += '\t';
  AppendBytes(data, KeptValue(row));
  const std::string_view value = row.record.value.value_or(std::string_view{});
  data += fmt::format("\t{}\t{}\t", value.size(), Sha256Hex(value));
  AppendText(data, row.reject.reason);
  data += '\t';
  AppendText(data, EscapeControl(row.reject.field));
  data += '\t';
  AppendText(data, CutUtf8(EscapeControl(row.reject.detail), kDetailBytes));
  data += '\t';
  data += commit.value;
  data += '\t';
  AppendArray(data, row.record.headers,
              [](const auto& header) { return std::optional(header.key); });
  data += '\t';
  AppendArray(data, row.record.headers, [](const auto& header) { return header.value; });
  data += '\n';
}

}  // namespace

Status WriteQuarantine(SqlSession& session, const std::string& pipeline, LogId log,
                       const CommitId& commit, std::span<const QuarantineRow* const> rows) {
  if (rows.empty()) return {};
  std::string data;
  for (const QuarantineRow* row : rows) AppendLine(data, pipeline, log, commit, *row);
  const std::string_view buffers[] = {data};
  SLUICE_ASSIGN(const int64_t taken, session.CopyIn(kCopy, buffers));
  if (taken != static_cast<int64_t>(rows.size())) {
    return Fail(ErrorKind::kInvariant,
                fmt::format("the quarantine took {} of {} rows", taken, rows.size()));
  }
  return {};
}

}  // namespace sluice
