#include "lake/spool_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/types.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = "lock";
constexpr const char* kPrefix = "spool-";

// Opens and locks a file; -1 with errno when that fails, EWOULDBLOCK when another holds it.
int Lock(const std::string& name, int how) {
  const int fd = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd >= 0 && flock(fd, how) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

std::unexpected<Error> Unusable(const std::string& folder, const std::string& why) {
  return Fail(ErrorKind::kFatal,
              fmt::format("the spool folder `{}` cannot be used: {}", folder, why));
}

void RemoveDead(const std::string& shared) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(shared, ignored)) {
    if (!entry.path().filename().native().starts_with(kPrefix)) continue;
    const int lock = Lock(entry.path() / kLockName, LOCK_EX | LOCK_NB);
    if (lock < 0) continue;
    fs::remove_all(entry.path(), ignored);
    close(lock);
  }
}

}  // namespace

Result<std::unique_ptr<SpoolFolder>> SpoolFolder::Make(const std::string& shared) {
  std::error_code failed;
  fs::create_directories(shared, failed);
  if (failed) return Unusable(shared, failed.message());
  // Held while folders come and go, so that nobody removes one that is not locked yet.
  const int door = Lock(fmt::format("{}/{}", shared, kLockName), LOCK_EX);
  if (door < 0) return Unusable(shared, std::strerror(errno));
  RemoveDead(shared);
  std::string path = fmt::format("{}/{}{}", shared, kPrefix, Uuid::Random().value);
  fs::create_directory(path, failed);
  const int lock = failed ? -1 : Lock(fmt::format("{}/{}", path, kLockName), LOCK_EX | LOCK_NB);
  const std::string why = failed ? failed.message() : std::strerror(errno);
  close(door);
  if (lock < 0) return Unusable(shared, why);
  return std::unique_ptr<SpoolFolder>(new SpoolFolder(std::move(path), lock));
}

SpoolFolder::~SpoolFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  close(lock_);
}

}  // namespace sluice
