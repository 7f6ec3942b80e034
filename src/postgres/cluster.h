#pragma once

#include <optional>
#include <string>

#include "core/result.h"
#include "postgres/server_place.h"

namespace sluice {

/// PostgreSQL's own programs, of one major version.
struct ServerPrograms {
  std::string postgres;
  std::string initdb;
};

/// Returns the programs that fit the place's cluster: of its version, or, where there is none yet,
/// the first of PATH and the newest installed. FailsWith kInvalidConfig naming the package to add.
Result<ServerPrograms> FindServerPrograms(const ServerPlace& place);

/// Makes the place's cluster if there is none. A crash in the middle leaves nothing that counts.
Status MakeCluster(const ServerPlace& place, const ServerPrograms& programs);

/// Waits until no process works in the data folder and removes what a killed server left there
/// (its pid may be a zombie's or another program's by now). FailsWith kRetryable when one stays.
Status ClearRemains(const ServerPlace& place);

}  // namespace sluice
