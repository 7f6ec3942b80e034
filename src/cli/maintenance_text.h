#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/spec.h"

namespace sluice::cli {

/// Returns one line of what a run does for its lake: `maintenance of the lake: every 60 s, …`.
std::string MaintenanceLine(const MaintenanceSpec& maintenance);
nlohmann::json MaintenanceJson(const MaintenanceSpec& maintenance);

}  // namespace sluice::cli
