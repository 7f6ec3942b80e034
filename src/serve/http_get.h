#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/result.h"

namespace sluice {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// Asks a server of this machine, by IP address, and waits at most `wait` in all. FailsWith
/// kRetryable when there is no answer, or one that is not HTTP.
Result<HttpAnswer> HttpGet(const std::string& ip, uint16_t port, const std::string& path,
                           std::chrono::milliseconds wait);

}  // namespace sluice
