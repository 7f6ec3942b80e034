#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "pipeline/status_board.h"
#include "serve/about.h"

namespace sluice {

struct SinkTotals {
  int64_t commits = 0;
  int64_t committed_ms = 0;  ///< wall clock of the last one; 0: none yet
  int64_t lag = -1;          ///< records of all partitions behind the topic's end; -1: not known
};

/// Sums over the workers of a process, since it started.
struct Totals {
  int64_t records = 0, ok = 0, quarantined = 0, skipped = 0;
  int64_t retries = 0, fenced = 0, doubts = 0;
  int64_t nan_as_null = 0;
  int64_t gap_offsets = 0, broker_errors = 0;
  std::map<std::string, int64_t> quarantine_reasons;
  std::map<std::string, int64_t> expectations;
  std::map<std::string, SinkTotals> sinks;  ///< `lake`, and `warehouse` where there is one

  static Totals Of(const About& about, const StatusSnapshot& status);
};

}  // namespace sluice
