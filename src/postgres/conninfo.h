#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/result.h"

namespace sluice {

/// libpq's connection parameters by keyword.
using ConnectParams = std::map<std::string, std::string>;

/// Whether a remote server may go without proof of who it is: `--insecure-tls`.
enum class RemoteTls { kVerified, kAsWritten };

/// Reads a postgres:// address or key=value text and completes it as libpq would: the service file,
/// the environment (PGHOST, PGSERVICE, PGPASSWORD, …), the password file's place, defaults. Adds
/// what sluice wants: UTF-8, keepalives, tcp_user_timeout, sslmode=verify-full for a remote host
/// that names no other, the system's authorities for a server without a root certificate of its
/// own, a writable one of several hosts. FailsWith kInvalidConfig: when it cannot be read, and with
/// E0125 when a remote host is given a weaker sslmode without kAsWritten.
Result<ConnectParams> CompleteConninfo(const std::string& conninfo,
                                       RemoteTls tls = RemoteTls::kVerified);

/// Returns whether any of the hosts is not this machine: its sockets and its loopback.
bool IsRemote(const ConnectParams& params);

/// Returns key=value text for these parameters, in keyword order, quoted.
std::string SpellConninfo(const ConnectParams& params);

/// Returns `name='value'` with libpq's escapes.
std::string SpellParameter(std::string_view name, std::string_view value);

}  // namespace sluice
