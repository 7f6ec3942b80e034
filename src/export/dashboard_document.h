#pragma once

#include "export/assets.h"
#include "export/json.h"

namespace sluice {

/// Returns Superset's document of a dashboard: its grid, filters and settings. Charts are named by
/// UUID, so the same document fits every Superset.
Json DashboardDocument(const Assets& assets, const Dashboard& dashboard);

}  // namespace sluice
