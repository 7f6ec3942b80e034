#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "postgres/conninfo.h"
#include "stage/sql.h"

namespace sluice {

/// How long the other side may stay silent, and what else a session needs. A limit that passes
/// loses the session: kRetryable with code 08006.
struct DatabaseOptions {
  int64_t connect_ms = 10'000;  ///< for all addresses of one Connect together
  int64_t answer_ms = 90'000;   ///< for one statement or COPY; above the server's statement_timeout
  RemoteTls tls = RemoteTls::kVerified;
  std::string schema = "public";  ///< where unqualified names lie: the Iceberg catalog's tables
};

/// Returns where sessions to an existing server come from; connects to nothing yet. `conninfo` is
/// a postgres:// address or libpq's key=value form; what it names wins over our defaults, but not
/// over the session settings. FailsWith kInvalidConfig as CompleteConninfo does.
Result<std::unique_ptr<SqlDatabase>> MakeDatabase(const std::string& conninfo,
                                                  const DatabaseOptions& options = {});

}  // namespace sluice
