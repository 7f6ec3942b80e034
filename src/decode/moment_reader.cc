// The part of ScalarReader that reads dates and times.
#include "decode/moment.h"
#include "decode/scalar_reader.h"

namespace sluice::json {

bool ScalarReader::ReadMoment(Column& column, size_t row) {
  const size_t position = walker_.position();
  Text text;
  if (!TakeText(&text)) return false;
  Moment moment;
  const MomentVerdict verdict = ParseMoment(text.bytes, &moment);
  const auto refuse = [&](std::string_view reason, std::string_view why) {
    walker_.Refuse(reason, position, "{}: {} at byte {}", why, Snippet(text.bytes, 0), position);
  };
  if (verdict == MomentVerdict::kInvalid) {
    refuse("timestamp_invalid", "no ISO 8601 date or time");
  } else if (verdict == MomentVerdict::kOutOfRange) {
    refuse("timestamp_out_of_range", "outside of the years 1 to 9999");
  } else if (column.kind() == TypeKind::kDate) {
    column.Set(row, static_cast<int32_t>(moment.days));
    if (moment.has_time) refuse("timestamp_invalid", "a time in a date column");
  } else if (moment.has_zone || column.kind() == TypeKind::kTimestamp) {
    column.Set(row, moment.UtcMicros());
  } else if (!zone_) {
    refuse("timestamp_no_zone", "a time without a zone, and no timestamp_zone");
  } else if (const auto utc = zone_->ToUtcMicros(moment.LocalMicros()); !utc) {
    refuse("timestamp_invalid", "a time that the clocks of timestamp_zone skipped");
  } else if (!IsMomentInRange(*utc)) {
    refuse("timestamp_out_of_range", "outside of the years 1 to 9999");
  } else {
    column.Set(row, *utc);
  }
  return true;
}

// A number in a timestamp column.
bool ScalarReader::ReadEpoch(Column& column, size_t row) {
  const size_t position = walker_.position();
  Number number;
  if (!walker_.TakeNumber(&number)) return false;
  const std::string_view unit = options_.timestamp_unit;
  const int digits_to_micros = unit == "s" ? 6 : unit == "ms" ? 3 : 0;
  int64_t micros = 0;
  if (unit.empty()) {
    walker_.Refuse("ambiguous_unit", position, "a number for a time, and no timestamp_unit: {}",
                   Snippet(number.text, 0));
  } else if (!FloorToInteger(number, digits_to_micros, &micros) || !IsMomentInRange(micros)) {
    walker_.Refuse("timestamp_out_of_range", position,
                   "outside of the years 1 to 9999: {} {} at byte {}", Snippet(number.text, 0),
                   unit, position);
  }
  column.Set(row, micros);
  return true;
}

}  // namespace sluice::json
