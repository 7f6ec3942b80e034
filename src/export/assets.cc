#include "export/assets.h"

#include <algorithm>

namespace sluice {
namespace {

template <typename Item>
const Item* FindByName(const std::vector<Item>& items, std::string_view name) {
  const auto found = std::ranges::find(items, name, &Item::name);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

const Column* Dataset::FindColumn(std::string_view column) const {
  return FindByName(columns, column);
}

const Metric* Dataset::FindMetric(std::string_view metric) const {
  return FindByName(metrics, metric);
}

const Dataset* Assets::Find(std::string_view dataset) const {
  return FindByName(datasets, dataset);
}

}  // namespace sluice
