#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/args.h"

namespace sluice::cli {

/// Prints a query's answer: an aligned table, or a JSON array of objects.
void PrintRows(const CommonArgs& common, const std::vector<std::string>& columns,
               const std::vector<std::vector<std::optional<std::string>>>& rows);

}  // namespace sluice::cli
