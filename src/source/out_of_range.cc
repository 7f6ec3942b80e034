#include "source/out_of_range.h"

#include <fmt/format.h>

#include "core/text.h"

namespace sluice {

Error FailureOutOfRange(const std::string& topic, int32_t partition, int64_t expected,
                        const Watermarks& marks) {
  if (expected < marks.low.value) {
    return {ErrorKind::kFatal,
            fmt::format("records are gone before they were read: topic {}, partition {}, offsets "
                        "{} to {}",
                        EscapeControl(topic), partition, expected, marks.low.value - 1),
            "the topic's retention is shorter than the outage was; `sluice offsets reset` accepts "
            "the loss",
            "source_data_lost"};
  }
  return {
      ErrorKind::kFatal,
      fmt::format("the log is shorter than what was read of it: topic {}, partition {}, offset {}, "
                  "the log now ends at {}",
                  EscapeControl(topic), partition, expected, marks.high.value),
      "the broker lost records: restore its log, or make the topic again and `sluice offsets "
      "accept-new-log`",
      "source_truncated"};
}

}  // namespace sluice
