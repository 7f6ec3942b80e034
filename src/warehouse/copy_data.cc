#include "warehouse/copy_data.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr size_t kBlockBytes = 4 << 20;
constexpr size_t kKeptBlocks = 16;
constexpr size_t kKeptBuffers = 4;
// Signature, no flags, no header extension.
constexpr std::string_view kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
constexpr std::string_view kTrailer("\377\377", 2);

}  // namespace

char* CopyData::Extend(size_t bytes) {
  while (filling_ < blocks_.size() && blocks_[filling_].size - blocks_[filling_].used < bytes) {
    ++filling_;
  }
  if (filling_ == blocks_.size()) {
    const size_t size = std::max(kBlockBytes, bytes);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size, 0});
  }
  Block& block = blocks_[filling_];
  char* const room = block.bytes.get() + block.used;
  block.used += bytes;
  return room;
}

std::vector<std::string_view> CopyData::Buffers() const {
  std::vector<std::string_view> filled;
  for (const auto& block : blocks_) {
    if (block.used > 0) filled.emplace_back(block.bytes.get(), block.used);
  }
  return AsCopy(std::move(filled));
}

void CopyData::Clear() {
  std::erase_if(blocks_, [](const Block& block) { return block.size > kBlockBytes; });
  if (blocks_.size() > kKeptBlocks) blocks_.resize(kKeptBlocks);
  for (auto& block : blocks_) block.used = 0;
  filling_ = 0;
  rows_ = 0;
}

std::vector<std::string_view> AsCopy(std::vector<std::string_view> slices) {
  slices.insert(slices.begin(), kHeader);
  slices.push_back(kTrailer);
  return slices;
}

std::unique_ptr<CopyData> CopyDataPool::Take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return std::make_unique<CopyData>();
  auto data = std::move(free_.back());
  free_.pop_back();
  return data;
}

void CopyDataPool::GiveBack(std::unique_ptr<CopyData> data) {
  data->Clear();
  const std::lock_guard lock(mutex_);
  if (free_.size() < kKeptBuffers) free_.push_back(std::move(data));
}

}  // namespace sluice
