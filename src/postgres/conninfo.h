#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/result.h"

namespace sluice {

/// libpq's connection parameters by keyword.
using ConnectParams = std::map<std::string, std::string>;

/// Reads a postgres:// address or key=value text and completes it: UTF-8, keepalives,
/// tcp_user_timeout, and sslmode=verify-full for a remote host that names no other.
Result<ConnectParams> CompleteConninfo(const std::string& conninfo);

/// Returns key=value text for these parameters, in keyword order, quoted.
std::string SpellConninfo(const ConnectParams& params);

/// Returns `name='value'` with libpq's escapes.
std::string SpellParameter(std::string_view name, std::string_view value);

}  // namespace sluice
