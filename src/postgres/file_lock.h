#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/result.h"

namespace sluice {

/// Owns one file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

enum class LockMode { kShared, kExclusive };

/// A flock on a file, made if missing; held until the last copy of the descriptor is closed, so
/// also until the process dies. Closed by exec.
class FileLock {
 public:
  /// Returns no lock when another holds it.
  static Result<std::optional<FileLock>> Try(const std::string& path, LockMode mode);
  /// Waits for the lock; FailsWith kRetryable after `wait_ms`.
  static Result<FileLock> Wait(const std::string& path, LockMode mode, int64_t wait_ms);

  int fd() const { return file_.get(); }

 private:
  explicit FileLock(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace sluice
