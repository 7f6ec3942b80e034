#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stage/sink.h"
#include "warehouse/live_table.h"
#include "warehouse/target.h"

namespace sluice {

/// The action of a change that this role cannot make: it lacks rights.
inline constexpr std::string_view kGrant = "grant";

/// What it takes to make a live table fit, and what no statement of ours can mend.
struct TablePlan {
  std::vector<TableChange> changes;      ///< at least one; `none` when the table fits
  std::vector<std::string> differences;  ///< one line each, with its cure
};

/// Compares; a table that somebody else made is taken over when it fits.
TablePlan PlanTable(const Target& target, const LiveTable& live, int server_version);

}  // namespace sluice
