#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "gold/dbt.h"

namespace sluice::cli {

/// Returns one line: `gold built in 0.9 s: 3 models, 7 tests, all pass`; failures by name.
std::string GoldLine(const BuildResult& build);
nlohmann::json GoldJson(const BuildResult& build);

}  // namespace sluice::cli
