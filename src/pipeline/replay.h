#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>

#include "config/spec.h"
#include "core/result.h"
#include "ledger/quarantine_filter.h"
#include "ledger/replay.h"
#include "pipeline/services.h"

namespace sluice {

struct ReplayOptions {
  QuarantineFilter filter;
  int64_t limit = INT64_MAX;  ///< records at most
  bool commit = false;        ///< false: only find out what would become of them
};

/// What became of the chosen records.
struct ReplayReport {
  ReplayOutlook outlook;  ///< before the first one was touched
  int64_t accepted = 0;   ///< rows now, or would be
  int64_t skipped = 0;    ///< tombstones
  int64_t still_bad = 0;
  std::map<std::string, int64_t> reasons;  ///< why those are
  int64_t commits = 0;
};

/// Takes records out of the quarantine by the pipeline file as it is now, each under its own
/// partition and offset: into all tables of both sinks, at once, batch by batch. Works beside
/// running workers; a stop or a kill leaves whole batches done and the rest untouched. What is
/// still refused stays, with the reason it has now. `on_progress` is told records done and to do.
/// FailsWith kInvalidConfig (E0403) when the ledger holds another transform than the file.
Result<ReplayReport> ReplayQuarantine(const Spec& spec, Services& services,
                                      const ReplayOptions& options,
                                      const std::function<void(int64_t, int64_t)>& on_progress,
                                      std::stop_token stop);

/// Returns the sinks that the pipeline has.
std::vector<Sink> SinksOf(const Spec& spec);

}  // namespace sluice
