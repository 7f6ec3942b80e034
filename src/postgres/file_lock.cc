#include "postgres/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/clock.h"
#include "core/pause.h"

namespace sluice {

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

Result<std::optional<FileLock>> FileLock::Try(const std::string& path, LockMode mode) {
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("cannot open a lock file: {}: {}", path, std::strerror(errno)),
                "the state folder must belong to the user that runs sluice");
  }
  const int operation = (mode == LockMode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  while (flock(file.get(), operation) != 0) {
    if (errno == EWOULDBLOCK) return std::optional<FileLock>();
    if (errno != EINTR) {
      return Fail(ErrorKind::kInvalidConfig,
                  fmt::format("cannot lock a file: {}: {}", path, std::strerror(errno)),
                  "the state folder must lie on a file system with flock");
    }
  }
  return std::optional<FileLock>(FileLock(std::move(file)));
}

Result<FileLock> FileLock::Wait(const std::string& path, LockMode mode, int64_t wait_ms) {
  const SteadyTime start = Now();
  for (;;) {
    SLUICE_ASSIGN(std::optional<FileLock> lock, Try(path, mode));
    if (lock) return *std::move(lock);
    if (ElapsedMs(start) > wait_ms) {
      return Fail(ErrorKind::kRetryable, fmt::format("a lock stays taken: {}", path));
    }
    PauseFor(std::chrono::milliseconds(10), {});
  }
}

}  // namespace sluice
