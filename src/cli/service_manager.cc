#include "cli/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "core/clock.h"
#include "core/log.h"
#include "core/pause.h"
#include "core/text.h"
#include "serve/health.h"

namespace sluice::cli {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kLook{100};
constexpr int64_t kSayEveryMs = 5'000;
// A start waits for services, a stop for the last build: both ask for more time as they go.
constexpr int64_t kExtendEveryMs = 10'000;
constexpr microseconds kExtension{60'000'000};

std::string VariableOf(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int64_t NumberOf(const char* name) {
  const std::string text = VariableOf(name);
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// One line for `systemctl status`.
std::string Words(const StatusSnapshot& status) {
  const auto reasons = WhyNotReady(status, Now());
  if (!reasons.empty()) return EscapeControl(reasons.front().text);
  int64_t records = 0;
  for (const auto& [name, worker] : status.workers) records += worker.records;
  return fmt::format("running, {} records since the start", WithThousands(records));
}

}  // namespace

std::unique_ptr<ServiceManager> ServiceManager::OfEnvironment(const StatusBoard& board) {
  const std::string socket = VariableOf("NOTIFY_SOCKET");
  if (socket.empty()) return nullptr;
  const int64_t pid = NumberOf("WATCHDOG_PID");
  const bool ours = pid == 0 || pid == getpid();
  return std::make_unique<ServiceManager>(
      socket, microseconds(ours ? NumberOf("WATCHDOG_USEC") : 0), board);
}

ServiceManager::ServiceManager(std::string socket, microseconds watchdog, const StatusBoard& board)
    : socket_(std::move(socket)), watchdog_(watchdog), board_(board) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Watch(stop); });
}

ServiceManager::~ServiceManager() {
  thread_.request_stop();
  thread_.join();
  Send("STOPPING=1");
}

void ServiceManager::Watch(const std::stop_token& stop) {
  bool told_ready = false, told_stopping = false;
  std::string said;
  SteadyTime said_at{}, extended_at{}, petted_at{};
  do {
    const StatusSnapshot status = board_.Snapshot();
    const bool stopping = status.run.phase == RunPhase::kStopping;
    if (!told_ready && IsRunning(status)) {
      Send("READY=1");
      told_ready = true;
    }
    if (!told_stopping && stopping) {
      Send("STOPPING=1");
      told_stopping = true;
    }
    if ((!told_ready || stopping) && ElapsedMs(extended_at) > kExtendEveryMs) {
      Send(fmt::format("EXTEND_TIMEOUT_USEC={}", kExtension.count()));
      extended_at = Now();
    }
    if (const auto words = Words(status); words != said && ElapsedMs(said_at) > kSayEveryMs) {
      Send("STATUS=" + words);
      said = words;
      said_at = Now();
    }
    if (watchdog_.count() > 0 && Now() - petted_at > watchdog_ / 3 &&
        WhyNotAlive(status, Now()).empty()) {
      Send("WATCHDOG=1");
      petted_at = Now();
    }
  } while (PauseFor(kLook, stop));
}

void ServiceManager::Send(const std::string& message) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';  // an abstract one
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  // Who does not listen loses nothing but our word; then systemd's own time-outs hold.
  if (sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), size) < 0) {
    Log(LogLevel::kDebug, "the service manager was not told",
        {{"message", message}, {"error", std::strerror(errno)}});
  }
  close(fd);
}

}  // namespace sluice::cli
