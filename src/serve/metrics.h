#pragma once

#include <string>

#include "core/clock.h"
#include "pipeline/status_board.h"
#include "serve/about.h"
#include "serve/process_stats.h"

namespace sluice {

/// Returns all metrics in Prometheus' text format, version 0.0.4. Labels are bounded: names of the
/// pipeline file, partitions, sinks, and at most 50 reasons.
std::string MetricsText(const About& about, const StatusSnapshot& status,
                        const ProcessStats& process, SteadyTime now);

}  // namespace sluice
