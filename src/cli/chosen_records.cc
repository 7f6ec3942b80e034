#include "cli/chosen_records.h"

#include <fmt/format.h>

#include <charconv>

#include "config/units.h"
#include "core/text.h"

namespace sluice::cli {
namespace {

template <typename Number>
bool ReadNumber(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty() && number >= 0;
}

}  // namespace

Result<RecordKey> ParseRecord(const std::string& text) {
  RecordKey id;
  const auto parts = Split(text, '/');
  if (parts.size() == 3 && ReadNumber(parts[0], id.log.value) &&
      ReadNumber(parts[1], id.partition.value) && ReadNumber(parts[2], id.offset.value)) {
    return id;
  }
  return Fail(ErrorKind::kUsage, fmt::format("`{}` names no record", EscapeControl(text)),
              "give it as `sluice quarantine ls` prints it: LOG/PARTITION/OFFSET");
}

std::string Spell(const RecordKey& id) {
  return fmt::format("{}/{}/{}", id.log.value, id.partition.value, id.offset.value);
}

Result<Moment> ParseMoment(const std::string& flag, const std::string& text) {
  if (const auto age = ParseDuration(text); age) return Moment{Moment::Kind::kAge, *age};
  if (const auto time = ParseInstant(text); time) return Moment{Moment::Kind::kTime, *time};
  return Fail(ErrorKind::kUsage,
              fmt::format("{}: `{}` is neither a time nor an age", flag, EscapeControl(text)),
              "write `2026-01-01T00:00:00Z`, or an age such as `2h` or `30d`");
}

Result<QuarantineFilter> FilterOf(const ChosenRecords& chosen) {
  QuarantineFilter filter{.reason = chosen.reason};
  if (chosen.partition >= 0) filter.partition = PartitionId{chosen.partition};
  if (!chosen.since.empty()) {
    SLUICE_ASSIGN(filter.since, ParseMoment("--since", chosen.since));
  }
  if (!chosen.before.empty()) {
    SLUICE_ASSIGN(filter.before, ParseMoment("--before", chosen.before));
  }
  for (const auto& text : chosen.records) {
    SLUICE_ASSIGN(const RecordKey id, ParseRecord(text));
    filter.records.push_back(id);
  }
  return filter;
}

}  // namespace sluice::cli
