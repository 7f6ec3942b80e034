#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/result.h"
#include "pipeline/services.h"
#include "pipeline/silver_maker.h"

namespace sluice {

struct RebuildOptions {
  enum class Mode {
    kPlan,  ///< only say what is there
    kTry,   ///< make all rows, keep none
    kSwap,
  };

  std::string table;  ///< `processed.books`
  Mode mode = Mode::kPlan;
  bool accept_storm = false;  ///< swap however many records are refused
};

struct RebuildEvents {
  std::function<void(int64_t done, int64_t total)> on_progress;  ///< bronze rows
  std::function<void(const std::string&)> on_wait;  ///< why it waits; "" when it goes on
  std::function<void(const std::string&)> on_restart;
};

struct RefusedRecord {
  LogId log;
  Reject reject;
};

struct RebuildReport {
  int64_t bronze_rows = 0, bronze_files = 0, bronze_bytes = 0;
  int64_t old_files = 0, old_rows = 0;  ///< of the lake's table, to be replaced
  std::string warehouse;                ///< the table there; empty: none
  MadeCounts made;                      ///< in the lake
  std::map<std::string, int64_t> reasons;
  std::vector<RefusedRecord> refused;  ///< the first of them
  int64_t new_files = 0, new_bytes = 0;
  std::string commit;    ///< empty: nothing was swapped
  int64_t snapshot = 0;  ///< of the lake's table; 0: it had no rows and has none
};

/// Makes one silver table again from bronze by the pipeline file's transform, and swaps it in, in
/// lake and warehouse, by one commit (adr/0006). Works beside running workers. A stop or a kill
/// leaves everything as it was. FailsWith kUsage for a table that is no silver one, kInvalidConfig
/// (E0403) when the ledger has another transform, kFenced when another rebuild is at work or others
/// came in its way too often, kFatal (quarantine_storm) when too many records are refused,
/// kInvariant when bronze is not what the ledger says.
Result<RebuildReport> RebuildTable(const Spec& spec, Services& services,
                                   const RebuildOptions& options, const RebuildEvents& events,
                                   std::stop_token stop);

}  // namespace sluice
