#pragma once

#include <memory>
#include <string>

#include "postgres/conninfo.h"
#include "postgres/database.h"
#include "stage/sql.h"

namespace sluice {

/// Connects one session and gives it the settings of commit-protocol.md, section 7.
Result<std::unique_ptr<SqlSession>> ConnectSession(const ConnectParams& params,
                                                   const DatabaseOptions& options);

}  // namespace sluice
