#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/spec.h"
#include "export/assets.h"

namespace sluice {

/// Returns the name of one of them: `sluice_books_marks`. It has the pipeline in it, as Superset on
/// SQLite lets no two databases have datasets of one name.
std::string LedgerDatasetName(const Spec& spec, std::string_view name);

/// Queries over the ledger's tables (schema `sluice`), for this pipeline alone.
std::vector<Dataset> LedgerDatasets(const Spec& spec);

/// Returns the dashboard over them: marks, freshness, commits, quarantine, and gold where there is
/// one. How far the topic itself goes is no table: Kafka's lag is in `sluice status` and /metrics.
Dashboard PipelineDashboard(const Spec& spec);

}  // namespace sluice
