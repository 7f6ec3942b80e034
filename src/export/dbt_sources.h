#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/spec.h"
#include "stage/schema.h"

namespace sluice {

struct SourceOptions {
  std::string name = "warehouse";  ///< of the source in dbt
  int64_t warn_after_ms = 60L * 60 * 1000;
  int64_t error_after_ms = 24L * 60 * 60 * 1000;
};

/// A column of a warehouse table with PostgreSQL's name of its type.
struct SourceColumn {
  Field field;
  std::string data_type;
};

/// Returns a sources file for dbt 1.11: the pipeline's warehouse tables with their columns, what
/// the pipeline file says of them, and freshness by Kafka's timestamp. `columns` has the columns of
/// each silver table, lineage last, in the Spec's order.
std::string DbtSources(const Spec& spec, const std::vector<std::vector<SourceColumn>>& columns,
                       const SourceOptions& options);

}  // namespace sluice
