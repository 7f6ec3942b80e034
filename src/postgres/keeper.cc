#include "postgres/keeper.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace sluice {
namespace {

constexpr int kLockFd = 3;
constexpr int64_t kTurnMs = 50;
constexpr int64_t kShortLifeMs = 2'000;
constexpr int kShortLives = 5;
constexpr off_t kLogBytes = 16 << 20;
constexpr int64_t kFastStopMs = 15'000;
constexpr int64_t kImmediateStopMs = 5'000;

// What the keeper works with. All of it is made before the fork.
struct Orders {
  const ServerUser& user;
  const ExecImage& postmaster;
  const char* log;
  const char* users_lock;
  int lock_fd;
};

int64_t MonotonicMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

void Nap(int64_t ms) {
  const timespec time{ms / 1000, (ms % 1000) * 1'000'000};
  nanosleep(&time, nullptr);
}

void CloseFrom(unsigned first) {
  if (close_range(first, ~0U, 0) == 0) return;
  for (unsigned fd = first; fd < 65'536; ++fd) close(static_cast<int>(fd));
}

// Leaves the caller's files, folder, terminal and signals; keeps the lock and opens the log.
bool Detach(const Orders& orders) {
  ResetSignals();
  // A signal to the whole service must not take the server from under those who still drain.
  for (const int ignored : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE}) signal(ignored, SIG_IGN);
  if (orders.lock_fd != kLockFd && dup2(orders.lock_fd, kLockFd) < 0) return false;
  CloseFrom(kLockFd + 1);
  fcntl(kLockFd, F_SETFD, FD_CLOEXEC);
  umask(077);
  prctl(PR_SET_NAME, "sluice-keeper");
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int log = open(orders.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  const bool done =
      chdir("/") == 0 && dup2(nothing, 0) == 0 && dup2(log, 1) == 1 && dup2(log, 2) == 2;
  CloseFrom(kLockFd + 1);
  return done;
}

pid_t Launch(const Orders& orders) {
  const pid_t keeper = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  ResetSignals();
  // Set after the change of user, which would clear it.
  if (BecomeUser(orders.user) && prctl(PR_SET_PDEATHSIG, SIGINT) == 0 && getppid() == keeper) {
    orders.postmaster.Exec();
  }
  _exit(127);
}

bool HasEnded(pid_t child) {
  const pid_t done = waitpid(child, nullptr, WNOHANG);
  return done == child || (done < 0 && errno == ECHILD);
}

bool EndsWithin(pid_t child, int64_t limit_ms) {
  for (const int64_t start = MonotonicMs(); MonotonicMs() - start < limit_ms; Nap(5)) {
    if (HasEnded(child)) return true;
  }
  return false;
}

void Stop(pid_t postmaster) {
  kill(postmaster, SIGINT);
  if (EndsWithin(postmaster, kFastStopMs)) return;
  kill(postmaster, SIGQUIT);
  if (EndsWithin(postmaster, kImmediateStopMs)) return;
  kill(postmaster, SIGKILL);
  EndsWithin(postmaster, kImmediateStopMs);
}

// The postmaster appends, so its log can be emptied under it.
void BoundLog() {
  struct stat status{};
  if (fstat(2, &status) == 0 && status.st_size > kLogBytes && ftruncate(2, 0) != 0) return;
}

// Keeps a postmaster running until the users lock is free.
void Keep(const Orders& orders) {
  const int users = open(orders.users_lock, O_RDWR | O_CLOEXEC);
  if (users < 0) return;
  pid_t postmaster = 0;
  int short_lives = 0;
  for (int64_t launched = 0; flock(users, LOCK_EX | LOCK_NB) != 0; Nap(kTurnMs)) {
    if (postmaster <= 0) {
      postmaster = Launch(orders);
      launched = MonotonicMs();
    } else if (HasEnded(postmaster)) {
      postmaster = 0;
      short_lives = MonotonicMs() - launched < kShortLifeMs ? short_lives + 1 : 0;
      if (short_lives == kShortLives) return;
      Nap(100LL << short_lives);
    }
    BoundLog();
  }
  if (postmaster > 0) Stop(postmaster);
}

}  // namespace

Status StartKeeper(const ServerPlace& place, std::vector<std::string> postmaster, FileLock lock) {
  const ExecImage image(std::move(postmaster));
  const std::string log = place.Log(), users_lock = place.UsersLock();
  const Orders orders{place.user, image, log.c_str(), users_lock.c_str(), lock.fd()};
  // Forked twice, so that nobody has to wait for the keeper and it can never get a terminal.
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    const pid_t keeper = fork();
    if (keeper == 0 && Detach(orders)) Keep(orders);
    _exit(keeper < 0 ? 1 : 0);
  }
  int state = 0;
  while (child > 0 && waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (child < 0 || state != 0) {
    return Fail(ErrorKind::kRetryable, fmt::format("cannot start the private database's keeper: {}",
                                                   std::strerror(errno)));
  }
  return {};
}

}  // namespace sluice
