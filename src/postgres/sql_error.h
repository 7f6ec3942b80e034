#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice {

inline constexpr std::string_view kConnectionLost = "08006";
inline constexpr std::string_view kNoRight = "42501";

/// Returns what stage/sql.h promises for a SQLSTATE on a session that goes on living.
ErrorKind KindOfSqlState(std::string_view sqlstate);

/// Returns the kind for a refused connection: what is not a busy or starting server is the
/// configuration's fault (password, role, database, right to connect).
ErrorKind KindOfRefusal(std::string_view sqlstate);

/// Returns whether the message of a failed connection without a SQLSTATE says that the two sides do
/// not agree on TLS: certificates, keys, or its absence. libpq tells it in words only, and in
/// English, since nobody here sets a locale.
bool IsTlsRefusal(std::string_view message);

/// Finds the SQLSTATE in the message of a failed connection (`FATAL:  28P01: …`, as libpq words it
/// at PQERRORS_VERBOSE; there is no other way to learn it) and removes it, with the lines that name
/// the server's source code. Returns "" when there is none.
std::string TakeSqlState(std::string& message);

}  // namespace sluice
