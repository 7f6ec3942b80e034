#pragma once

#include <cstdint>
#include <stop_token>

#include "pipeline/services.h"

namespace sluice::cli {

/// Options for services that may be away for so long; each new reason is told on stderr.
OpenOptions Waiting(int64_t seconds, std::stop_token stop = {});

}  // namespace sluice::cli
