#include "pipeline/ledger_watch.h"

#include <algorithm>

#include "core/pause.h"
#include "ledger/ledger.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMaxPause{5'000};

}  // namespace

LedgerWatch::LedgerWatch(SqlDatabase& database, std::string pipeline, LogId log, milliseconds every)
    : database_(database), pipeline_(std::move(pipeline)), log_(log), every_(every) {
  thread_ = std::jthread([this](std::stop_token stop) { Work(stop); });
}

std::map<PartitionId, Offset> LedgerWatch::Marks() const {
  const std::lock_guard lock(mutex_);
  return marks_;
}

std::string LedgerWatch::Trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void LedgerWatch::Work(std::stop_token stop) {
  milliseconds pause = every_;
  do {
    auto marks = Ask();
    pause = marks ? every_ : std::min(pause * 2, kMaxPause);
    const std::lock_guard lock(mutex_);
    trouble_ = marks ? "" : marks.error().message;
    if (marks) marks_ = *std::move(marks);
  } while (PauseFor(pause, stop));
}

Result<std::map<PartitionId, Offset>> LedgerWatch::Ask() {
  if (!session_ || !session_->IsAlive()) {
    session_.reset();
    SLUICE_ASSIGN(session_, database_.Connect("sluice-run"));
  }
  return LeastMarks(*session_, pipeline_, log_);
}

}  // namespace sluice
