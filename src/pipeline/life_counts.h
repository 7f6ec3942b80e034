#pragma once

#include "ledger/committer.h"
#include "pipeline/batch_builder.h"
#include "pipeline/status_board.h"

namespace sluice {

/// Carries what the parts of one life counted into sums that outlive it.
class LifeCounts {
 public:
  /// Adds what came since the last call.
  void AddTo(WorkerStatus& status, const CommitCounters& commits, const BuildCounters& built);

 private:
  CommitCounters commits_;
  BuildCounters built_;
};

}  // namespace sluice
