#include "core/heap.h"

#include <malloc.h>

namespace sluice {
namespace {

// A batch and its chunks fit in; beyond it memory goes back.
constexpr int kKeptBytes = 64 << 20;
constexpr int kMappedFromBytes = 32 << 20;

}  // namespace

void KeepFreedMemory() {
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  mallopt(M_MMAP_THRESHOLD, kMappedFromBytes);
}

}  // namespace sluice
