#include "cli/quarantine_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/chosen_records.h"
#include "core/text.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr size_t kDumpWidth = 16;

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    hex += kDigits[static_cast<uint8_t>(c) >> 4];
    hex += kDigits[static_cast<uint8_t>(c) & 0xF];
  }
  return hex;
}

bool IsPrintable(char c) {
  return c >= 0x20 && c < 0x7F;
}

// Text, perhaps of several lines; anything else is better seen byte by byte.
bool IsText(std::string_view bytes) {
  std::string plain(bytes);
  std::erase_if(plain, [](char c) { return c == '\n' || c == '\r' || c == '\t'; });
  return EscapeControl(plain) == plain;
}

std::string ShowText(std::string_view text) {
  std::string shown;
  for (const auto& line : Split(text, '\n')) shown += EscapeControl(line) + "\n";
  return shown;
}

std::string DumpLine(std::string_view bytes, size_t offset) {
  std::string hex, text;
  for (size_t i = 0; i < kDumpWidth; ++i) {
    if (i == kDumpWidth / 2) hex += ' ';
    if (i >= bytes.size()) {
      hex += "   ";
      continue;
    }
    hex += fmt::format("{:02x} ", static_cast<uint8_t>(bytes[i]));
    text += IsPrintable(bytes[i]) ? bytes[i] : '.';
  }
  return fmt::format("{:08x}  {} |{}|\n", offset, hex, text);
}

json HeadersJson(const Quarantined& record) {
  json headers = json::array();
  for (const auto& header : record.headers) {
    headers.push_back({{"key_hex", Hex(header.key)},
                       {"value_hex", header.value ? json(Hex(*header.value)) : json()}});
  }
  return headers;
}

}  // namespace

std::string ShowBytes(std::string_view bytes, size_t max_bytes) {
  if (bytes.empty()) return "(empty)\n";
  const std::string_view shown = CutUtf8(bytes, max_bytes);
  const std::string rest =
      shown.size() == bytes.size()
          ? ""
          : fmt::format("… and {} more bytes\n",
                        WithThousands(static_cast<int64_t>(bytes.size() - shown.size())));
  if (IsText(shown)) return ShowText(shown) + rest;
  std::string dump;
  for (size_t at = 0; at < shown.size(); at += kDumpWidth) {
    dump += DumpLine(shown.substr(at, kDumpWidth), at);
  }
  return dump + rest;
}

json AsJson(const Quarantined& record, bool with_bytes) {
  json result{{"id", Spell(record.id)},
              {"log", record.id.log.value},
              {"topic", record.topic},
              {"partition", record.id.partition.value},
              {"offset", record.id.offset.value},
              {"kafka_at", record.kafka_at},
              {"at", record.at},
              {"resolved_at", record.resolved_at.empty() ? json() : json(record.resolved_at)},
              {"resolved_by", record.resolved_by.empty() ? json() : json(record.resolved_by)},
              {"value_bytes", record.value_bytes},
              {"kept_bytes", record.kept_bytes},
              {"sha256", record.sha256},
              {"reason", record.reason},
              {"field", record.field},
              {"detail", record.detail}};
  if (with_bytes) {
    result["key_hex"] = record.key ? json(Hex(*record.key)) : json();
    result["value_hex"] = record.value ? json(Hex(*record.value)) : json();
    result["headers"] = HeadersJson(record);
  }
  return result;
}

std::string Dump(const json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::cli
