#pragma once

#include "export/assets.h"

namespace sluice {

/// Returns charts for a dataset by what its columns are: totals, the measure along time and
/// ordinals, by categories and labels, and the rows.
Section AutomaticSection(const Dataset& dataset);

/// Returns filters for the categories and the time of the datasets.
std::vector<Filter> AutomaticFilters(const std::vector<const Dataset*>& datasets);

}  // namespace sluice
