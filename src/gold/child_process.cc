#include "gold/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace sluice {
namespace {

// How long one poll may keep us from seeing a stop request.
constexpr int64_t kPollMs = 50;

std::string Reason(int error) {
  return std::generic_category().message(error);
}

struct SpawnActions {
  posix_spawn_file_actions_t value;
  SpawnActions() { posix_spawn_file_actions_init(&value); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&value); }
};

struct SpawnAttributes {
  posix_spawnattr_t value;
  SpawnAttributes() { posix_spawnattr_init(&value); }
  ~SpawnAttributes() { posix_spawnattr_destroy(&value); }
};

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// A group of its own, no signal blocked or ignored.
void SetAttributes(posix_spawnattr_t& attributes) {
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

// Returns the new process, or an errno as the error.
std::expected<pid_t, int> Spawn(ChildOptions& options, int socket) {
  SpawnAttributes attributes;
  SetAttributes(attributes.value);
  SpawnActions actions;
  posix_spawn_file_actions_adddup2(&actions.value, socket, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions.value, socket, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions.value, STDERR_FILENO, options.stderr_file.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  posix_spawn_file_actions_addclosefrom_np(&actions.value, STDERR_FILENO + 1);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, options.command[0].c_str(), &actions.value, &attributes.value,
                  Pointers(options.command).data(), Pointers(options.environment).data());
  if (error != 0) return std::unexpected(error);
  return pid;
}

Error SpawnFailed(const std::string& program, int error) {
  const bool busy = error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
  return {busy ? ErrorKind::kRetryable : ErrorKind::kInvalidConfig,
          fmt::format("a program could not be started: {}: {}", program, Reason(error))};
}

std::unexpected<Error> ChildGone() {
  return Fail(ErrorKind::kRetryable, "the process has ended", {}, "child_gone");
}

bool WaitUntilGone(pid_t pid, SteadyTime deadline) {
  while (waitpid(pid, nullptr, WNOHANG) == 0) {
    if (Now() >= deadline) return false;
    poll(nullptr, 0, 10);
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::Make(ChildOptions options) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Fail(SpawnFailed(options.command[0], errno));
  }
  const auto pid = Spawn(options, ends[1]);
  close(ends[1]);
  if (!pid) {
    close(ends[0]);
    return Fail(SpawnFailed(options.command[0], pid.error()));
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(std::move(options), *pid, ends[0]));
}

ChildProcess::ChildProcess(ChildOptions options, pid_t pid, int socket)
    : options_(std::move(options)), pid_(pid), socket_(socket) {}

ChildProcess::~ChildProcess() {
  close(socket_);
  const bool left = WaitUntilGone(pid_, Now() + std::chrono::milliseconds(options_.leave_ms));
  // Its helpers may still live in the group, and no new group can have the number while they do.
  kill(-pid_, SIGKILL);
  if (!left) waitpid(pid_, nullptr, 0);
}

Status ChildProcess::WaitFor(short events, SteadyTime deadline, const std::stop_token& stop) const {
  while (!stop.stop_requested()) {
    pollfd waiting{socket_, events, 0};
    if (poll(&waiting, 1, kPollMs) > 0) return {};
    if (Now() >= deadline) {
      return Fail(ErrorKind::kRetryable, "the process does not answer", {}, "child_silent");
    }
  }
  return Fail(ErrorKind::kShutdown, "asked to stop");
}

bool ChildProcess::HasLeft() const {
  char next = 0;
  return recv(socket_, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

Status ChildProcess::WriteLine(std::string_view line, SteadyTime deadline) {
  const std::string text = fmt::format("{}\n", line);
  for (size_t sent = 0; sent < text.size();) {
    SLUICE_TRY(WaitFor(POLLOUT, deadline, {}));
    const ssize_t wrote =
        send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote < 0 && errno != EAGAIN && errno != EINTR) return ChildGone();
    sent += static_cast<size_t>(std::max<ssize_t>(wrote, 0));
  }
  return {};
}

Result<std::string> ChildProcess::ReadLine(SteadyTime deadline, std::stop_token stop) {
  std::array<char, 65536> bytes;
  size_t searched = 0;
  while (true) {
    if (const size_t end = received_.find('\n', searched); end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    searched = received_.size();
    if (searched > options_.max_line_bytes) {
      return Fail(ErrorKind::kFatal,
                  fmt::format("the process sent a line of over {} bytes", options_.max_line_bytes));
    }
    SLUICE_TRY(WaitFor(POLLIN, deadline, stop));
    const ssize_t got = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return ChildGone();
    received_.append(bytes.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)));
  }
}

}  // namespace sluice
