#pragma once

#include <vector>

#include "core/result.h"
#include "warehouse/target.h"

namespace sluice {

/// Checks what PostgreSQL would refuse or silently cut before any server is asked: kInvalidConfig,
/// code E0408, one line for each fault.
Status CheckNames(const std::vector<const Target*>& targets);

}  // namespace sluice
