#pragma once

#include "ledger/committer.h"
#include "pipeline/batch_builder.h"
#include "pipeline/status_board.h"
#include "stage/source.h"

namespace sluice {

/// Carries what the parts of one life counted into sums that outlive it.
class LifeCounts {
 public:
  /// Adds what came since the last call.
  void AddTo(WorkerStatus& status, const CommitCounters& commits, const BuildCounters& built,
             const SourceCounters& source);

 private:
  CommitCounters commits_;
  BuildCounters built_;
  SourceCounters source_;
};

}  // namespace sluice
