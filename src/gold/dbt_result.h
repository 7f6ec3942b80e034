#pragma once

#include <string_view>
#include <variant>

#include "core/result.h"
#include "gold/dbt.h"

namespace sluice {

/// What the worker says: a node has finished; the build has a result; it has none, and why.
using DbtEvent = std::variant<NodeResult, BuildResult, Error>;

/// Reads one line of the worker. FailsWith kFatal on anything that it does not say.
Result<DbtEvent> ParseDbtEvent(std::string_view line);

}  // namespace sluice
