#pragma once

#include <string_view>

namespace sluice {

/// Returns the text of dbt_worker.py.
std::string_view DbtWorkerScript();

}  // namespace sluice
