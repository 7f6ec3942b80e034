#pragma once

#include "export/assets.h"
#include "export/json.h"

namespace sluice {

/// How Superset draws a chart and what it asks the warehouse: `params` is the form that its page
/// works from, `query` the same as an answerable question for its API.
struct ChartQuery {
  std::string viz_type;
  Json params;
  Json query;
};

/// Translates a chart of ours; `dataset` is the one it names.
ChartQuery ChartQueryOf(const Chart& chart, const Dataset& dataset);

}  // namespace sluice
