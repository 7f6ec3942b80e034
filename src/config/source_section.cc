#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "config/sections.h"
#include "config/suggest.h"
#include "config/units.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr int64_t kMaxPartitions = 10'000;
constexpr Bounds kBatchRows{1, 10'000'000};
constexpr Bounds kBatchBytes{64 << 10, 4LL << 30};

// Says what is wrong with `host:port`, or nothing.
std::string BrokerProblem(std::string_view broker) {
  if (broker.empty()) return "an address is empty";
  if (broker.find("://") != std::string_view::npos)
    return "an address begins with its host, not with `…://`";
  const bool bracketed = broker[0] == '[';
  const size_t host_end = bracketed ? broker.find(']') : broker.find(':');
  if (bracketed && host_end == std::string_view::npos) return "a `]` is missing";
  const std::string_view host = broker.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0));
  const bool good_host = !host.empty() && std::ranges::all_of(host, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || (bracketed && c == ':');
  });
  if (!good_host) return "a host has letters, digits, `.` and `-` only";
  std::string_view rest = broker.substr(std::min(host_end, broker.size()));
  if (bracketed) rest.remove_prefix(1);
  if (rest.empty()) return "";
  const auto port = rest[0] == ':' ? ParseInteger(rest.substr(1)) : Result<int64_t>(0);
  return port && *port >= 1 && *port <= 65535 ? "" : "a port is a number from 1 to 65535";
}

void ReadBrokers(Reader& reader, const Node& node, SourceSpec& source) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  source.embedded = text->value == "embedded";
  if (source.embedded) return;
  std::vector<std::string> brokers;
  for (std::string& broker : Split(text->value, ',')) {
    broker.erase(0, std::min(broker.find_first_not_of(' '), broker.size()));
    broker.erase(broker.find_last_not_of(' ') + 1);
    std::string problem = BrokerProblem(broker);
    const bool almost =
        !Nearest(LowerAscii(broker), std::array<std::string, 1>{"embedded"}).empty();
    if (almost) problem = "this is nearly `embedded`";
    if (!problem.empty()) {
      const bool quote = !text->replaced && !almost;
      return reader.ReportValue(
          node, *text,
          {codes::kBadBrokers,
           fmt::format("not a list of Kafka brokers: {}{}",
                       quote ? fmt::format("`{}`: ", EscapeControl(broker)) : "", problem),
           almost ? "did you mean `embedded`?" : "",
           "write `host:9092`, several with commas, or `embedded`"});
    }
    brokers.push_back(std::move(broker));
  }
  source.brokers = Join(brokers, ",");
}

void ReadTopic(Reader& reader, const Node& node, SourceSpec& source) {
  constexpr size_t kMaxBytes = 249;
  const auto text = reader.ReadText(node);
  if (!text) return;
  const bool good = std::ranges::all_of(text->value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
  if (!good || text->value.size() > kMaxBytes || text->value == "." || text->value == "..") {
    return reader.ReportValue(
        node, *text,
        {codes::kBadTopic, fmt::format("Kafka has no topic named {}", Reader::Shown(node)), "",
         "a topic has up to 249 letters, digits, `.`, `_` and `-`"});
  }
  source.topic = text->value;
}

void ReadStart(Reader& reader, const Node& node, SourceSpec& source) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  source.start = text->value == "latest" ? StartAt::kLatest : StartAt::kEarliest;
  if (text->value == "earliest" || text->value == "latest") return;
  const auto instant = ParseInstant(text->value);
  if (instant) {
    source.start = StartAt::kTimestamp;
    source.start_timestamp_ms = *instant;
    return;
  }
  std::string meant = instant.error().hint;
  if (meant.empty()) {
    meant = MeantValue(text->value, std::array<std::string, 2>{"earliest", "latest"});
  }
  reader.ReportValue(
      node, *text,
      {codes::kBadStartTime,
       fmt::format("cannot start at {}: {}", Reader::Shown(node), instant.error().message),
       meant.empty() ? "" : fmt::format("did you mean `{}`?", meant),
       "`earliest`, `latest`, or a time such as `2026-01-01T00:00:00Z`"});
}

void ReadGroup(Reader& reader, const Node& node, SourceSpec& source) {
  constexpr size_t kMaxBytes = 249;
  const auto text = reader.ReadText(node);
  if (!text) return;
  if (text->value.size() > kMaxBytes) {
    return reader.ReportValue(node, *text,
                              {codes::kBadName, "a group's name has at most 249 bytes"});
  }
  source.group = text->value;
}

}  // namespace

void ReadSource(Reader& reader, const Node& node, SourceSpec& source) {
  const std::array keys{
      Key{"kafka", "kafka: embedded", [&](const Node& n) { ReadBrokers(reader, n, source); }},
      Key{"topic", "topic: sensor_stream", [&](const Node& n) { ReadTopic(reader, n, source); }},
      Key{"start", "", [&](const Node& n) { ReadStart(reader, n, source); }},
      Key{"group", "", [&](const Node& n) { ReadGroup(reader, n, source); }},
      Key{"partitions", "",
          [&](const Node& n) {
            const auto count = reader.ReadInteger(n, {1, kMaxPartitions});
            if (count) source.partitions = static_cast<int32_t>(*count);
          }},
      Key{"options", "", [&](const Node& n) { ReadKafkaOptions(reader, n, source); }},
      Key{"max_batch_rows", "",
          [&](const Node& n) {
            if (auto rows = reader.ReadInteger(n, kBatchRows)) source.max_batch_rows = *rows;
          }},
      Key{"max_batch_bytes", "",
          [&](const Node& n) {
            if (auto bytes = reader.ReadSize(n, kBatchBytes)) source.max_batch_bytes = *bytes;
          }},
  };
  reader.ReadMap(node, keys);
}

}  // namespace sluice
