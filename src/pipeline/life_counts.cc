#include "pipeline/life_counts.h"

namespace sluice {

void LifeCounts::AddTo(WorkerStatus& status, const CommitCounters& commits,
                       const BuildCounters& built, const SourceCounters& source) {
  status.retries += commits.retries - commits_.retries;
  status.fenced += commits.fenced - commits_.fenced;
  status.doubts += commits.doubts - commits_.doubts;
  status.nan_as_null += built.nan_as_null - built_.nan_as_null;
  for (const auto& [name, failed] : built.expectations)
    status.expectations[name] += failed - built_.expectations[name];
  status.gap_offsets += source.gap_offsets - source_.gap_offsets;
  status.broker_errors += source.broker_errors - source_.broker_errors;
  commits_ = commits;
  built_ = built;
  source_ = source;
}

}  // namespace sluice
