#pragma once

#include <string>
#include <vector>

#include "config/spec.h"

namespace sluice {

/// Returns a Spec as lines of `name = value`, the same for the same Spec; secrets in clear, so for
/// tests only.
std::vector<std::string> FactsOf(const Spec& spec);

}  // namespace sluice
