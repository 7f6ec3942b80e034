#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace sluice::cli {

/// Writes the file in one step, with the folders above it; `-` is stdout. FailsWith kUsage when it
/// cannot be written.
Status WriteFile(const std::string& path, std::string_view content);

}  // namespace sluice::cli
