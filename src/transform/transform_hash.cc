#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "core/text.h"
#include "transform/duck_transform.h"

namespace sluice {
namespace {

std::string_view Name(NumberPolicy policy) {
  switch (policy) {
    case NumberPolicy::kNull:
      return "null";
    case NumberPolicy::kKeep:
      return "keep";
    case NumberPolicy::kQuarantine:
      return "quarantine";
  }
  return "";
}

std::string_view Name(UnknownFields policy) {
  return policy == UnknownFields::kRest ? "rest" : "quarantine";
}

std::string_view Name(Otherwise otherwise) {
  switch (otherwise) {
    case Otherwise::kWarn:
      return "warn";
    case Otherwise::kDrop:
      return "drop";
    case Otherwise::kQuarantine:
      return "quarantine";
    case Otherwise::kFail:
      return "fail";
  }
  return "";
}

std::string DecodeText(const DecodeOptions& decode) {
  return fmt::format(
      "decode nan={} infinity={} unknown_fields={} coerce={} case_insensitive={} strip_nul={} "
      "max_message_bytes={} max_field_bytes={} max_fields={} max_field_name_bytes={} max_depth={} "
      "timestamp_unit={} timestamp_zone={}\n",
      Name(decode.nan), Name(decode.infinity), Name(decode.unknown_fields), decode.coerce,
      decode.case_insensitive, decode.strip_nul, decode.max_message_bytes, decode.max_field_bytes,
      decode.max_fields, decode.max_field_name_bytes, decode.max_depth,
      JsonQuote(decode.timestamp_unit), JsonQuote(decode.timestamp_zone));
}

// Nothing for a table that no time parts: its text is what it was before there were windows.
std::string WindowText(const TimeWindow& window, const std::vector<PartitionField>& partition_by) {
  const std::vector<std::string> columns = WindowedColumns(partition_by);
  if (columns.empty() || window == TimeWindow{std::nullopt, std::nullopt}) return "";
  const auto spell = [](const std::optional<int64_t>& ms) {
    return ms ? fmt::format("{}", *ms) : std::string("off");
  };
  std::string text =
      fmt::format("window past={} future={}", spell(window.past_ms), spell(window.future_ms));
  for (const auto& column : columns) text += " " + JsonQuote(column);
  return text + "\n";
}

}  // namespace

std::string TransformText(const BronzeSpec& bronze, const std::vector<SilverSpec>& silver) {
  // Names, SQL and checks are quoted, so that no text can look like two lines of another.
  std::string text = fmt::format("bronze {}\n", JsonQuote(bronze.table.Full()));
  text += DecodeText(bronze.decode);
  const auto out = std::back_inserter(text);
  for (const auto& field : bronze.columns) {
    fmt::format_to(out, "column {} {} {}\n", JsonQuote(field.name), JsonQuote(Spell(field.type)),
                   field.required ? "required" : "nullable");
  }
  text += WindowText(bronze.time_window, bronze.partition_by);
  for (const auto& table : silver) {
    fmt::format_to(out, "silver {} from {} {}\n", JsonQuote(table.table.Full()),
                   JsonQuote(table.from.Full()), JsonQuote(table.sql));
    for (const auto& check : table.expect) {
      fmt::format_to(out, "expect {} else {} {}\n", JsonQuote(check.name), Name(check.otherwise),
                     JsonQuote(check.check));
    }
    text += WindowText(table.time_window, table.partition_by);
  }
  return text;
}

std::string TransformHash(const BronzeSpec& bronze, const std::vector<SilverSpec>& silver) {
  return Sha256Hex(TransformText(bronze, silver));
}

}  // namespace sluice
