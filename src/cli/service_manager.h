#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "pipeline/status_board.h"

namespace sluice::cli {

/// Tells systemd how the run stands (sd_notify(3)): READY once all workers work, STATUS in words,
/// STOPPING, and WATCHDOG as long as the run is alive. On a thread of its own, which ends with
/// this object.
class ServiceManager {
 public:
  /// Returns null when nobody wants to know: NOTIFY_SOCKET is not set. `board` outlives it.
  static std::unique_ptr<ServiceManager> OfEnvironment(const StatusBoard& board);

  /// `watchdog` 0: none is kept.
  ServiceManager(std::string socket, std::chrono::microseconds watchdog, const StatusBoard& board);
  ~ServiceManager();

 private:
  void Watch(const std::stop_token& stop);
  void Send(const std::string& message) const;

  std::string socket_;
  std::chrono::microseconds watchdog_;
  const StatusBoard& board_;
  std::jthread thread_;  // last: joined before the rest goes
};

}  // namespace sluice::cli
