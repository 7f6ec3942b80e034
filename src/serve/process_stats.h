#pragma once

#include <cstdint>

namespace sluice {

/// What the kernel says of this process; 0 where it says nothing.
struct ProcessStats {
  int64_t resident_bytes = 0;
  double cpu_seconds = 0;
  int64_t open_files = 0;

  static ProcessStats Read();
};

}  // namespace sluice
