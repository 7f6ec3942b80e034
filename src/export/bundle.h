#pragma once

#include "export/assets.h"
#include "export/json.h"

namespace sluice {

/// Returns the files of a bundle that `POST /api/v1/assets/import/` of Superset 6 takes: one folder
/// with metadata, database, datasets, charts and dashboards. The same assets are the same bytes.
Files BundleOf(const Assets& assets);

}  // namespace sluice
