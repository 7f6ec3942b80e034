#include "postgres/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>

#include "core/clock.h"
#include "core/pause.h"
#include "core/text.h"
#include "postgres/file_lock.h"

namespace sluice {
namespace {

constexpr int kCannotExec = 127;
constexpr size_t kOutputBytes = 64 << 10;

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Nothing of the caller's settings (PGDATA, PGPORT, LANG) may reach the server; its message
// language must not vary.
std::vector<std::string> MinimalEnvironment() {
  std::vector<std::string> env{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "HOME=/"};
  if (const char* libraries = getenv("LD_LIBRARY_PATH")) {
    env.push_back(std::string("LD_LIBRARY_PATH=") + libraries);
  }
  return env;
}

// Waits for a child; kills it when the limit passes.
Result<int> AwaitExit(pid_t child, int64_t limit_ms) {
  const SteadyTime start = Now();
  for (bool killed = false;;) {
    int state = 0;
    const pid_t done = waitpid(child, &state, WNOHANG);
    if (done == child) return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    if (done < 0 && errno != EINTR) {
      return Fail(ErrorKind::kFatal, fmt::format("waitpid failed: {}", std::strerror(errno)));
    }
    if (!killed && ElapsedMs(start) > limit_ms) killed = kill(child, SIGKILL) == 0;
    PauseFor(std::chrono::milliseconds(2), {});
  }
}

// Forks; the child runs `body`, which may only make async-signal-safe calls, and exits.
Result<pid_t> ForkInto(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child < 0) {
    return Fail(ErrorKind::kRetryable, fmt::format("cannot fork: {}", std::strerror(errno)));
  }
  if (child == 0) {
    body();
    _exit(kCannotExec);
  }
  return child;
}

std::string ReadFromStart(int fd) {
  std::string text(kOutputBytes, '\0');
  const ssize_t got = pread(fd, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return text;
}

}  // namespace

ExecImage::ExecImage(std::vector<std::string> argv)
    : argv_(std::move(argv)),
      env_(MinimalEnvironment()),
      argv_pointers_(Pointers(argv_)),
      env_pointers_(Pointers(env_)) {}

void ExecImage::Exec() const {
  execve(argv_pointers_[0], argv_pointers_.data(), env_pointers_.data());
}

std::vector<std::string> ProgramPath() {
  std::vector<std::string> folders;
  const char* path = getenv("PATH");
  for (auto& folder : Split(path == nullptr ? "" : path, ':')) {
    if (folder.starts_with('/')) folders.push_back(std::move(folder));
  }
  return folders;
}

bool BecomeUser(const ServerUser& user) {
  if (!user.drop) return true;
  return syscall(SYS_setgroups, 0, nullptr) == 0 && syscall(SYS_setgid, user.gid) == 0 &&
         syscall(SYS_setuid, user.uid) == 0;
}

void ResetSignals() {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

Result<Finished> RunToEnd(const ServerUser& user, std::vector<std::string> argv,
                          std::string_view input, int64_t limit_ms) {
  const ExecImage image(std::move(argv));
  const FileDescriptor given(memfd_create("sluice-child-input", MFD_CLOEXEC));
  const FileDescriptor output(memfd_create("sluice-child-output", MFD_CLOEXEC));
  if (pwrite(given.get(), input.data(), input.size(), 0) != static_cast<ssize_t>(input.size())) {
    return Fail(ErrorKind::kRetryable, fmt::format("no memory file: {}", std::strerror(errno)));
  }
  SLUICE_ASSIGN(const pid_t child, ForkInto([&] {
                  ResetSignals();
                  dup2(given.get(), 0);
                  dup2(output.get(), 1);
                  dup2(output.get(), 2);
                  if (BecomeUser(user) && chdir("/") == 0) image.Exec();
                }));
  SLUICE_ASSIGN(const int exit_code, AwaitExit(child, limit_ms));
  return Finished{exit_code, ReadFromStart(output.get())};
}

bool CanEnter(const ServerUser& user, const std::string& folder) {
  const auto child = ForkInto([&] {
    if (BecomeUser(user) && chdir(folder.c_str()) == 0) _exit(0);
  });
  if (!child) return false;
  const auto exit_code = AwaitExit(*child, 10'000);
  return exit_code && *exit_code == 0;
}

}  // namespace sluice
