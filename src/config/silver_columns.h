#pragma once

#include <vector>

#include "config/diagnostic.h"
#include "config/spec.h"

namespace sluice {

/// Checks what only the columns that silver SQL makes can tell, once a transform knows them
/// (lineage not among them): `key` and `partition_by` name some of them, of types that fit, and
/// PostgreSQL can tell their names apart.
std::vector<Diagnostic> CheckSilverColumns(const SilverSpec& silver,
                                           const std::vector<Field>& columns);

}  // namespace sluice
