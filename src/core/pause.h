#pragma once

#include <chrono>
#include <stop_token>

namespace sluice {

/// Waits; returns false as soon as a stop is asked for.
bool PauseFor(std::chrono::milliseconds duration, std::stop_token stop);

}  // namespace sluice
