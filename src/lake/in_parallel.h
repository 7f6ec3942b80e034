#pragma once

#include <cstddef>
#include <functional>

#include "core/result.h"

namespace sluice {

/// Calls work(0) … work(count - 1) on at most `threads` threads, and returns when all have ended;
/// after a failure none is begun any more. Returns the first failure.
Status InParallel(size_t count, size_t threads, const std::function<Status(size_t)>& work);

}  // namespace sluice
