#include "gold/schedule.h"

#include <utility>

namespace sluice {

GoldRunner::GoldRunner(GoldOptions options)
    : options_(std::move(options)), thread_([this](std::stop_token stop) { Run(stop); }) {}

GoldRunner::~GoldRunner() = default;

void GoldRunner::NotifyCommit() {
  const std::lock_guard lock(mutex_);
  pending_ = true;
  changed_.notify_all();
}

Result<BuildResult> GoldRunner::BuildNow() {
  std::unique_lock lock(mutex_);
  const int64_t ticket = ++asked_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return ended_ || answered_ >= ticket; });
  if (answered_ < ticket) return Fail(ErrorKind::kShutdown, "gold was stopped before its build");
  return *last_;
}

void GoldRunner::Run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (WaitForWork(lock, stop)) {
    const int64_t ticket = asked_;
    pending_ = false;
    next_start_ = Now() + options_.every;
    lock.unlock();
    auto result = options_.build(stop);
    options_.on_result(result);
    lock.lock();
    if (!result && result.error().kind == ErrorKind::kRetryable) pending_ = true;
    last_ = std::move(result);
    answered_ = ticket;
    changed_.notify_all();
  }
  ended_ = true;
  changed_.notify_all();
}

// Returns true when a build is due, false when asked to stop.
bool GoldRunner::WaitForWork(std::unique_lock<std::mutex>& lock, std::stop_token stop) {
  const auto asked = [this] { return asked_ > answered_; };
  changed_.wait(lock, stop, [&] { return pending_ || asked(); });
  changed_.wait_until(lock, stop, next_start_, asked);
  return !stop.stop_requested();
}

}  // namespace sluice
