#pragma once

#include <string_view>

#include "config/spec.h"
#include "core/result.h"

namespace sluice {

/// Reads `127.0.0.1:8080`, `[::1]:8080`, `localhost:0`. FailsWith kInvalidConfig for anything else:
/// a name would have to be looked up, and a port alone leaves open who may connect.
Result<ListenAddress> ParseListenAddress(std::string_view text);

/// Returns whether only this machine can reach it.
bool IsLoopback(const ListenAddress& address);

/// Returns whether a Host header may bear this name: letters, digits, dots, dashes.
bool IsHostName(std::string_view name);

}  // namespace sluice
