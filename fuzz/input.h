#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// What the fuzz targets share. Each asserts a property: survival alone proves little.
namespace sluice::fuzz {

inline void Check(bool holds, std::string_view what, std::string_view shown = {}) {
  if (holds) return;
  const std::string line = std::string(what) + ": " + std::string(shown) + "\n";
  std::fputs(line.c_str(), stderr);
  std::abort();
}

/// The input as a file in memory, for readers that take a path.
class InputFile {
 public:
  InputFile(const uint8_t* data, size_t size) : fd_(memfd_create("input", MFD_CLOEXEC)) {
    Check(fd_ >= 0 && write(fd_, data, size) == static_cast<ssize_t>(size), "no file in memory");
  }
  ~InputFile() { close(fd_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace sluice::fuzz
