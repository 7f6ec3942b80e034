#pragma once

#include <vector>

#include "core/result.h"
#include "export/assets.h"
#include "export/manifest.h"

namespace sluice {

/// Makes a dashboard of each exposure of type `dashboard`, as its `meta.superset` says, or of all
/// it depends on; without an exposure one dashboard, named by `title`, over the models that no
/// other model reads. Datasets are those of the manifest's models, by relation; those that no
/// dashboard needs stay usable. FailsWith kInvalidConfig where settings are wrong, with file and
/// cure.
Result<std::vector<Dashboard>> GoldDashboards(const Manifest& manifest,
                                              const std::vector<Dataset>& datasets,
                                              const std::string& title);

/// Returns models that no other model reads, or all when there is none such.
std::vector<const Model*> LeavesOf(const Manifest& manifest);

}  // namespace sluice
