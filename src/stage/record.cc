#include "stage/record.h"

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {
constexpr size_t kBlockBytes = 1 << 20;
}

std::string_view Arena::Copy(std::string_view bytes) {
  if (bytes.size() > room_ - used_ || blocks_.empty()) {
    room_ = std::max(kBlockBytes, bytes.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(room_ + kPadding));
    std::memset(blocks_.back().get() + room_, 0, kPadding);
    places_.emplace(reinterpret_cast<uintptr_t>(blocks_.back().get()), room_);
    used_ = 0;
  }
  char* const to = blocks_.back().get() + used_;
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  used_ += bytes.size();
  bytes_ += bytes.size();
  return {to, bytes.size()};
}

bool Arena::Owns(std::string_view bytes) const {
  const auto at = reinterpret_cast<uintptr_t>(bytes.data());
  auto block = places_.upper_bound(at);
  if (block == places_.begin()) return false;
  --block;
  return at + bytes.size() <= block->first + block->second;
}

}  // namespace sluice
