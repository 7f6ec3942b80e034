#include "config/suggest.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/text.h"

namespace sluice {
namespace {

using Synonym = std::pair<std::string_view, std::string_view>;

constexpr std::array kKeys{
    Synonym{"brokers", "kafka"},
    Synonym{"bootstrap_servers", "kafka"},
    Synonym{"bootstrap.servers", "kafka"},
    Synonym{"servers", "kafka"},
    Synonym{"group_id", "group"},
    Synonym{"group.id", "group"},
    Synonym{"auto.offset.reset", "start"},
    Synonym{"starting_offsets", "start"},
    Synonym{"offset", "start"},
    Synonym{"from", "start"},
    Synonym{"name", "pipeline"},
    Synonym{"path", "root"},
    Synonym{"location", "root"},
    Synonym{"bucket", "root"},
    Synonym{"interval", "every"},
    Synonym{"schedule", "every"},
    Synonym{"target_file_size", "file_size"},
    Synonym{"uri", "url"},
    Synonym{"dsn", "url"},
    Synonym{"schema", "columns"},
    Synonym{"fields", "columns"},
    Synonym{"partitioned_by", "partition_by"},
    Synonym{"partitions", "partition_by"},
    Synonym{"source", "from"},
    Synonym{"input", "from"},
    Synonym{"query", "sql"},
    Synonym{"select", "sql"},
    Synonym{"expectations", "expect"},
    Synonym{"tests", "expect"},
    Synonym{"checks", "expect"},
    Synonym{"condition", "check"},
    Synonym{"otherwise", "else"},
    Synonym{"on_fail", "else"},
    Synonym{"action", "else"},
    Synonym{"sink", "warehouse"},
    Synonym{"postgres", "warehouse"},
    Synonym{"database", "warehouse"},
    Synonym{"primary_key", "key"},
    Synonym{"unique_key", "key"},
    Synonym{"keys", "key"},
    Synonym{"write_mode", "mode"},
    Synonym{"project", "dbt"},
    Synonym{"access_key", "access_key_id"},
    Synonym{"secret_key", "secret_access_key"},
};

constexpr std::array kValues{
    Synonym{"yes", "true"},
    Synonym{"on", "true"},
    Synonym{"1", "true"},
    Synonym{"no", "false"},
    Synonym{"off", "false"},
    Synonym{"0", "false"},
    Synonym{"first", "earliest"},
    Synonym{"beginning", "earliest"},
    Synonym{"smallest", "earliest"},
    Synonym{"last", "latest"},
    Synonym{"end", "latest"},
    Synonym{"largest", "latest"},
    Synonym{"now", "latest"},
    Synonym{"merge", "upsert"},
    Synonym{"update", "upsert"},
    Synonym{"insert", "append"},
    Synonym{"error", "fail"},
    Synonym{"stop", "fail"},
    Synonym{"reject", "quarantine"},
    Synonym{"ignore", "warn"},
    Synonym{"skip", "drop"},
    Synonym{"milliseconds", "ms"},
    Synonym{"seconds", "s"},
    Synonym{"microseconds", "us"},
};

constexpr std::array kTypes{
    Synonym{"boolean", "bool"},
    Synonym{"integer", "int"},
    Synonym{"int32", "int"},
    Synonym{"smallint", "int"},
    Synonym{"tinyint", "int"},
    Synonym{"int4", "int"},
    Synonym{"bigint", "long"},
    Synonym{"int64", "long"},
    Synonym{"int8", "long"},
    Synonym{"real", "float"},
    Synonym{"float32", "float"},
    Synonym{"float4", "float"},
    Synonym{"float64", "double"},
    Synonym{"float8", "double"},
    Synonym{"number", "double"},
    Synonym{"numeric", "decimal(18,2)"},
    Synonym{"decimal", "decimal(18,2)"},
    Synonym{"varchar", "string"},
    Synonym{"text", "string"},
    Synonym{"str", "string"},
    Synonym{"char", "string"},
    Synonym{"json", "string"},
    Synonym{"uuid", "string"},
    Synonym{"time", "string"},
    Synonym{"enum", "string"},
    Synonym{"bytes", "binary"},
    Synonym{"bytea", "binary"},
    Synonym{"blob", "binary"},
    Synonym{"datetime", "timestamp"},
    Synonym{"timestamp_tz", "timestamptz"},
    Synonym{"instant", "timestamptz"},
    Synonym{"array", "list<string>"},
    Synonym{"list", "list<string>"},
    Synonym{"struct", "struct<name: string>"},
    Synonym{"object", "struct<name: string>"},
    Synonym{"map", "struct<name: string>"},
};

template <size_t N>
std::string Meant(std::string_view word, std::span<const std::string> names,
                  const std::array<Synonym, N>& synonyms) {
  std::string lower = LowerAscii(word);
  if (std::ranges::find(names, lower) != names.end()) return lower;
  for (const auto& [other, name] : synonyms) {
    if (other == lower && std::ranges::find(names, name) != names.end()) return std::string(name);
  }
  return Nearest(lower, names);
}

}  // namespace

std::string MeantKey(std::string_view word, std::span<const std::string> names) {
  return Meant(word, names, kKeys);
}

std::string MeantValue(std::string_view word, std::span<const std::string> names) {
  return Meant(word, names, kValues);
}

std::string MeantType(std::string_view word) {
  const std::string lower = LowerAscii(word.substr(0, word.find_first_of("(< ")));
  for (const auto& [other, name] : kTypes) {
    if (other == lower) return std::string(name);
  }
  static const std::vector<std::string> names{"bool",      "int",        "long",   "float",
                                              "double",    "string",     "binary", "date",
                                              "timestamp", "timestamptz"};
  if (std::ranges::find(names, lower) != names.end()) return lower == word ? "" : lower;
  if (std::string nearest = Nearest(lower, names); !nearest.empty()) return nearest;
  std::vector<std::string> others;
  for (const auto& [other, name] : kTypes) others.emplace_back(other);
  const auto other = std::ranges::find(others, Nearest(lower, others));
  return other == others.end() ? "" : std::string(kTypes[other - others.begin()].second);
}

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace sluice
