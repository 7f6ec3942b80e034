#include <sys/stat.h>

#include <array>
#include <cstdlib>

#include "config/codes.h"
#include "config/sections.h"
#include "config/suggest.h"
#include "config/units.h"

namespace sluice {
namespace {

constexpr Bounds kMessageBytes{1 << 10, 1 << 30};
constexpr Bounds kFields{1, 1'000'000};
constexpr Bounds kNameBytes{1, 1 << 20};
constexpr Bounds kDepth{1, 1000};
constexpr int64_t kMostOffMs = 18 * 3'600'000;

// `UTC`, `+02:00`, or a name that this machine's zone files know.
bool IsZone(const std::string& zone) {
  if (zone == "UTC" || zone == "Z") return true;
  if (zone[0] == '+' || zone[0] == '-') {
    const auto shift = ParseInstant("1970-01-01T00:00:00" + zone);
    return shift && std::abs(*shift) <= kMostOffMs;
  }
  const bool odd = zone.find("..") != std::string::npos ||
                   zone.find_first_not_of(
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                       "0123456789_+-/") != std::string::npos;
  constexpr const char* kFolder = "/usr/share/zoneinfo";
  struct stat info{};
  if (odd || zone[0] == '/') return false;
  if (stat(kFolder, &info) != 0) return true;
  return stat((std::string(kFolder) + "/" + zone).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

void ReadZone(Reader& reader, const Node& node, std::string& zone) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  if (!IsZone(text->value)) {
    return reader.ReportValue(node, *text,
                              {codes::kBadTimeZone, "unknown time zone " + Reader::Shown(node), "",
                               "for example `UTC`, `+02:00` or `Europe/Berlin`"});
  }
  zone = text->value;
}

template <typename T>
Key ChoiceKey(Reader& reader, std::string_view name, T& into, std::span<const Choice<T>> choices) {
  return {name, "", [&reader, &into, choices](const Node& node) {
            if (const auto choice = reader.ReadChoice<T>(node, choices)) into = *choice;
          }};
}

Key SwitchKey(Reader& reader, std::string_view name, bool& into) {
  return {name, "", [&reader, &into](const Node& node) {
            if (const auto on = reader.ReadBool(node)) into = *on;
          }};
}

Key SizeKey(Reader& reader, std::string_view name, int64_t& into) {
  return {name, "", [&reader, &into](const Node& node) {
            if (const auto size = reader.ReadSize(node, kMessageBytes)) into = *size;
          }};
}

Key CountKey(Reader& reader, std::string_view name, int32_t& into, Bounds bounds) {
  return {name, "", [&reader, &into, bounds](const Node& node) {
            if (const auto count = reader.ReadInteger(node, bounds)) {
              into = static_cast<int32_t>(*count);
            }
          }};
}

constexpr std::array<Choice<NumberPolicy>, 3> kNan{{{"null", NumberPolicy::kNull},
                                                    {"keep", NumberPolicy::kKeep},
                                                    {"quarantine", NumberPolicy::kQuarantine}}};
constexpr std::array<Choice<NumberPolicy>, 2> kInfinity{
    {{"keep", NumberPolicy::kKeep}, {"quarantine", NumberPolicy::kQuarantine}}};
constexpr std::array<Choice<UnknownFields>, 2> kUnknownFields{
    {{"rest", UnknownFields::kRest}, {"quarantine", UnknownFields::kQuarantine}}};
constexpr std::array<Choice<std::string_view>, 3> kUnits{{{"s", "s"}, {"ms", "ms"}, {"us", "us"}}};

}  // namespace

std::vector<Key> DecodeKeys(Reader& reader, DecodeOptions& decode) {
  return {
      ChoiceKey<NumberPolicy>(reader, "nan", decode.nan, kNan),
      ChoiceKey<NumberPolicy>(reader, "infinity", decode.infinity, kInfinity),
      ChoiceKey<UnknownFields>(reader, "unknown_fields", decode.unknown_fields, kUnknownFields),
      SwitchKey(reader, "coerce", decode.coerce),
      SwitchKey(reader, "case_insensitive", decode.case_insensitive),
      SwitchKey(reader, "strip_nul", decode.strip_nul),
      SizeKey(reader, "max_message_bytes", decode.max_message_bytes),
      SizeKey(reader, "max_field_bytes", decode.max_field_bytes),
      CountKey(reader, "max_fields", decode.max_fields, kFields),
      CountKey(reader, "max_field_name_bytes", decode.max_field_name_bytes, kNameBytes),
      CountKey(reader, "max_depth", decode.max_depth, kDepth),
      {"timestamp_unit", "",
       [&reader, &decode](const Node& node) {
         const auto unit = reader.ReadChoice<std::string_view>(node, kUnits);
         if (unit) decode.timestamp_unit = *unit;
       }},
      {"timestamp_zone", "",
       [&reader, &decode](const Node& node) { ReadZone(reader, node, decode.timestamp_zone); }},
  };
}

}  // namespace sluice
