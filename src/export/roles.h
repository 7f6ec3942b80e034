#pragma once

#include <string>
#include <string_view>

#include "export/assets.h"

namespace sluice {

/// Decides by type, name and test what a column is to a person. `type` is PostgreSQL's spelling;
/// `unique` is dbt's promise that no value comes twice.
Role RoleOf(std::string_view name, std::string_view type, bool unique);

/// Returns how a measure of this name is brought together: SUM, AVG, MIN or MAX.
std::string AggregateOf(std::string_view name);

/// Returns d3's format for values of this type: no fractions for integers.
std::string FormatOf(std::string_view type);

}  // namespace sluice
