#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lake/reader.h"
#include "lake/table_loader.h"

namespace sluice {

struct CompactionLimits {
  int64_t target_file_bytes = 128 << 20;  ///< files from three quarters of this are left alone
  int64_t max_job_bytes = 1 << 30;        ///< rewritten by one commit
  size_t min_files = 4;                   ///< fewer small ones of a partition are left alone
};

/// Small files of one partition that become about one.
struct CompactionBin {
  std::vector<std::optional<std::string>> partition;  ///< single-value bytes
  std::vector<LiveFile> files;
  int64_t bytes() const;
};

/// Bins of one partition spec, for one commit.
struct CompactionJob {
  int32_t spec_id = 0;
  std::vector<CompactionBin> bins;
  int64_t bytes() const;
  size_t files() const;
};

/// Chooses what to compact. Files of like size go together, so that each row is rewritten a few
/// times on its way to a large file and not at every turn. Reads one manifest at a time.
Result<std::vector<CompactionJob>> PlanCompaction(ObjectStore& store, const LoadedTable& table,
                                                  const CompactionLimits& limits,
                                                  SteadyTime deadline);

}  // namespace sluice
