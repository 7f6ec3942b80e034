#include "cli/waiting.h"

#include <chrono>
#include <memory>
#include <string>

#include "cli/output.h"
#include "core/text.h"

namespace sluice::cli {

OpenOptions Waiting(int64_t seconds, std::stop_token stop) {
  const auto told = std::make_shared<std::string>();
  return {.wait = std::chrono::seconds(seconds),
          .stop = std::move(stop),
          .on_wait = [told](const std::string& reason) {
            if (!reason.empty() && reason != *told) Tell("sluice: " + EscapeControl(reason) + "\n");
            *told = reason;
          }};
}

}  // namespace sluice::cli
