#pragma once

#include <stop_token>
#include <thread>

namespace sluice::cli {

/// Turns SIGINT and SIGTERM into a stop request while it lives: the first asks for an orderly end,
/// the second ends the process at once with 75 (nothing is lost: the ledger knows). One at a time.
class StopOnSignal {
 public:
  StopOnSignal();
  /// Restores the default actions and joins the thread.
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  int pipe_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace sluice::cli
