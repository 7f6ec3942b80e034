#pragma once

#include <functional>
#include <stop_token>
#include <thread>

#include "config/spec.h"
#include "pipeline/maintain.h"
#include "stage/sql.h"

namespace sluice {

/// Maintenance beside a run, every `maintenance.every`, by one thread. A round that finds nothing
/// worth a commit asks for each table's pointer, and reads the metadata of those that moved. What
/// fails is tried again, later and later, and never stops the run. Has connections of its own to
/// both, which yield to the stop at once, and yields the processor to workers. Starts a thread, so
/// it is a scope: its destructor stops it, within a second or two, and joins it.
class MaintenanceStage {
 public:
  /// `on_result` gets the outcome of each round that was ours, on the stage's own thread. `spec`
  /// and `database` outlive the stage.
  MaintenanceStage(const Spec& spec, SqlDatabase& database,
                   std::function<void(const Result<MaintainReport>&)> on_result);

  /// Asks it to stop, without waiting. Thread-safe.
  void RequestStop() { thread_.request_stop(); }

 private:
  void Loop(const std::stop_token& stop);
  Result<MaintainReport> Round(const MaintainOptions& options);
  void Refuse(Error error) const;

  const Spec& spec_;
  SqlDatabase& database_;
  std::function<void(const Result<MaintainReport>&)> on_result_;
  bool may_remove_ = false;  // from the lake, as far as it was tried
  std::jthread thread_;      // last: it uses all of the above
};

}  // namespace sluice
