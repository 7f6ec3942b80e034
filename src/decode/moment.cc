#include "decode/moment.h"

#include <chrono>

namespace sluice::json {
namespace {

constexpr int kMaxYear = 9999;
constexpr int64_t kMaxOffsetSeconds = 18 * 3600;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Takes pieces off the front of a text.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  char front() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool Take(char wanted) {
    if (front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TwoDigits(int max, int* value) {
    if (rest_.size() < 2 || !IsDigit(rest_[0]) || !IsDigit(rest_[1])) return false;
    *value = (rest_[0] - '0') * 10 + (rest_[1] - '0');
    rest_.remove_prefix(2);
    return *value <= max;
  }
  // Four digits or more; the value stops growing past kMaxYear.
  bool Year(int* value) {
    size_t digits = 0;
    *value = 0;
    for (; IsDigit(front()); ++digits, rest_.remove_prefix(1)) {
      if (*value <= kMaxYear) *value = *value * 10 + (front() - '0');
    }
    return digits == 4 || *value > kMaxYear;
  }
  bool Fraction(int64_t* micros) {
    if (!IsDigit(front())) return false;
    int64_t unit = kMicrosPerSecond / 10;
    for (; IsDigit(front()); rest_.remove_prefix(1), unit /= 10) *micros += unit * (front() - '0');
    return true;
  }

 private:
  std::string_view rest_;
};

bool ParseTime(Pieces& pieces, Moment* moment) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int64_t micros = 0;
  if (!pieces.TwoDigits(23, &hour) || !pieces.Take(':') || !pieces.TwoDigits(59, &minute)) {
    return false;
  }
  if (pieces.Take(':')) {
    if (!pieces.TwoDigits(59, &second)) return false;
    if (pieces.Take('.') && !pieces.Fraction(&micros)) return false;
  }
  moment->has_time = true;
  moment->micros_of_day = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + micros;
  return true;
}

}  // namespace

bool ParseOffset(std::string_view text, int64_t* seconds) {
  *seconds = 0;
  if (text == "Z" || text == "z" || text == "UTC") return true;
  Pieces pieces(text);
  const bool west = pieces.front() == '-';
  if (!pieces.Take('+') && !pieces.Take('-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!pieces.TwoDigits(18, &hours)) return false;
  if (!pieces.empty()) {
    pieces.Take(':');
    if (!pieces.TwoDigits(59, &minutes) || !pieces.empty()) return false;
  }
  *seconds = int64_t{60} * (hours * 60 + minutes);
  if (*seconds > kMaxOffsetSeconds) return false;
  if (west) *seconds = -*seconds;
  return true;
}

MomentVerdict ParseMoment(std::string_view text, Moment* moment) {
  *moment = {};
  Pieces pieces(text);
  const bool before_christ = pieces.Take('-');
  const bool expanded = before_christ || pieces.Take('+');
  int year = 0;
  int month = 0;
  int day = 0;
  if (!pieces.Year(&year) || !pieces.Take('-') || !pieces.TwoDigits(12, &month) ||
      !pieces.Take('-') || !pieces.TwoDigits(31, &day)) {
    return MomentVerdict::kInvalid;
  }
  const bool in_range = year >= 1 && year <= kMaxYear && !before_christ;
  if (expanded && in_range) return MomentVerdict::kInvalid;
  // A leap year stands in for a year that chrono cannot hold; the verdict is out of range anyway.
  const std::chrono::year_month_day date{std::chrono::year{in_range ? year : 2000},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return MomentVerdict::kInvalid;
  moment->days = std::chrono::sys_days(date).time_since_epoch().count();
  if (!pieces.empty()) {
    if (!pieces.Take('T') && !pieces.Take(' ') && !pieces.Take('t')) return MomentVerdict::kInvalid;
    if (!ParseTime(pieces, moment)) return MomentVerdict::kInvalid;
    moment->has_zone = !pieces.empty();
    if (moment->has_zone &&
        (pieces.rest() == "UTC" || !ParseOffset(pieces.rest(), &moment->offset_seconds))) {
      return MomentVerdict::kInvalid;
    }
  }
  return in_range && IsMomentInRange(moment->UtcMicros()) ? MomentVerdict::kOk
                                                          : MomentVerdict::kOutOfRange;
}

}  // namespace sluice::json
