#pragma once

#include <fmt/format.h>

#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "core/result.h"

namespace sluice {

/// Starts a thread. FailsWith kRetryable when the system gives none; `purpose` completes "cannot
/// start a thread for …".
template <typename Body>
Result<std::thread> StartThread(std::string_view purpose, Body body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return Fail(ErrorKind::kRetryable,
                fmt::format("cannot start a thread for {}: {}", purpose, error.what()));
  }
}

}  // namespace sluice
