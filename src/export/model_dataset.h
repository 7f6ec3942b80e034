#pragma once

#include <vector>

#include "core/result.h"
#include "export/assets.h"
#include "export/live_columns.h"
#include "export/manifest.h"

namespace sluice {

/// Makes a dataset of a model: the columns that its table has, described as the project describes
/// them; the metrics of its `meta.superset`, a count, and one for each measure. FailsWith
/// kInvalidConfig where `meta.superset` is wrong, with its file and the cure.
Result<Dataset> DatasetOf(const Model& model, const std::vector<LiveColumn>& live);

}  // namespace sluice
