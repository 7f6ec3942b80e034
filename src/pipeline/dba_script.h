#pragma once

#include <string>
#include <vector>

#include "config/spec.h"
#include "stage/sink.h"

namespace sluice {

/// Whom the rights are for.
struct DbaRoles {
  std::string database;
  std::string run;   ///< who `sluice run` connects as
  std::string read;  ///< who reads: dashboards, analysts
};

/// Returns the SQL after which `run` needs no right to create anything, dbt's schema apart: roles,
/// the ledger, the Iceberg catalog, the warehouse's tables as `changes` say, and the rights of both
/// roles. One transaction. What `changes` name must still be missing; the rest may be there.
std::string DbaScript(const Spec& spec, const DbaRoles& roles,
                      const std::vector<TableChange>& changes);

}  // namespace sluice
