#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/result.h"

namespace sluice {

/// A folder of our own below a shared one, for files that are not uploaded yet. It is locked as
/// long as this object lives, and goes with it.
class SpoolFolder {
 public:
  /// Makes it, and removes those whose owners are dead: their rows were never committed and will
  /// be read again. FailsWith kFatal when `shared` cannot be written or locked.
  static Result<std::unique_ptr<SpoolFolder>> Make(const std::string& shared);
  ~SpoolFolder();
  SpoolFolder(const SpoolFolder&) = delete;
  SpoolFolder& operator=(const SpoolFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  SpoolFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;
};

}  // namespace sluice
