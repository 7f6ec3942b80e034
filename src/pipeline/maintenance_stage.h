#pragma once

#include <functional>
#include <thread>

#include "config/spec.h"
#include "pipeline/maintain.h"
#include "pipeline/services.h"

namespace sluice {

/// Maintenance beside a run, every `maintenance.every`, by one thread. A round that finds nothing
/// worth a commit asks for each table's pointer, and reads the metadata of those that moved. What
/// fails is tried again, later and later, and never stops the run. Starts a thread, so it is a
/// scope: its destructor stops it, within the time of one call to the store, and joins it.
class MaintenanceStage {
 public:
  /// `on_result` gets the outcome of each round that was ours, on the stage's own thread. `spec`
  /// and `services` outlive the stage.
  MaintenanceStage(const Spec& spec, Services& services,
                   std::function<void(const Result<MaintainReport>&)> on_result);

  /// Asks it to stop, without waiting. Thread-safe.
  void RequestStop() { thread_.request_stop(); }

 private:
  void Loop(std::stop_token stop);

  const Spec& spec_;
  Services& services_;
  std::function<void(const Result<MaintainReport>&)> on_result_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace sluice
