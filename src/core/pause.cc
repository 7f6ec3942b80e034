#include "core/pause.h"

#include <condition_variable>
#include <mutex>

namespace sluice {

bool PauseFor(std::chrono::milliseconds duration, std::stop_token stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any changed;
  changed.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace sluice
