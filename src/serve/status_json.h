#pragma once

#include <string>

#include "core/clock.h"
#include "pipeline/status_board.h"
#include "serve/about.h"
#include "serve/health.h"
#include "serve/process_stats.h"

namespace sluice {

/// Returns the document of /api/v1/status (docs/api.md), one line of JSON.
std::string StatusJson(const About& about, const StatusSnapshot& status,
                       const ProcessStats& process, SteadyTime now);

/// Returns `{"ok":true,"pipeline":…}`, or why not.
std::string HealthJson(const About& about, const std::vector<HealthReason>& reasons);

}  // namespace sluice
