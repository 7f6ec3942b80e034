#pragma once

#include <string_view>

#include "core/result.h"
#include "gold/dbt.h"

namespace sluice {

/// Reads one line of the worker. FailsWith kFatal on anything that it does not say.
Result<DbtEvent> ParseDbtEvent(std::string_view line);

}  // namespace sluice
