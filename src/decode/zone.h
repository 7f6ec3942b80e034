#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace sluice::json {

/// A time zone: a fixed offset (`UTC`, `+02:00`) or a zone of the system's database
/// (`Europe/Berlin`), read once.
class Zone {
 public:
  /// FailsWith kInvalidConfig when there is no such zone.
  static Result<Zone> Make(const std::string& name);

  /// Returns the instant of a wall-clock time. Of two instants it takes the earlier; nothing for a
  /// time that the clocks skipped.
  std::optional<int64_t> ToUtcMicros(int64_t local_micros) const;

 private:
  /// From `utc_seconds` on, the clocks are `offset_seconds` east of UTC.
  struct Shift {
    int64_t utc_seconds;
    int64_t offset_seconds;
  };
  std::vector<Shift> shifts_;  // in order; the first holds for all time before the second
};

}  // namespace sluice::json
