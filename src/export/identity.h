#pragma once

#include <string>
#include <string_view>

#include "export/assets.h"

namespace sluice {

// UUIDs of a bundle's parts. They depend on names alone, so an import finds what the last one made.
std::string DatabaseUuid(const Assets& assets);
std::string DatasetUuid(const Assets& assets, std::string_view dataset);
std::string ChartUuid(const Assets& assets, const Dashboard& dashboard, const Chart& chart);
std::string DashboardUuid(const Assets& assets, const Dashboard& dashboard);

/// Returns a name for a file or an address: lower case letters, digits and `-`, never empty.
std::string SlugOf(std::string_view text);

}  // namespace sluice
