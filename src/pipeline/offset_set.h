#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace sluice {

/// A set of offsets: a bit each, in pages that are made where offsets are. Dense ranges cost an
/// eighth of a byte an offset.
class OffsetSet {
 public:
  /// Returns whether it was not there before.
  bool Insert(int64_t offset) {
    const int64_t number = offset >> kPageShift;
    if (page_ == nullptr || number != page_number_) {
      std::unique_ptr<Page>& page = pages_[number];
      if (page == nullptr) page = std::make_unique<Page>();
      page_ = page.get();
      page_number_ = number;
    }
    const auto bit = static_cast<uint64_t>(offset) & ((uint64_t{1} << kPageShift) - 1);
    uint64_t& word = (*page_)[bit / 64];
    const uint64_t mask = uint64_t{1} << (bit % 64);
    const bool is_new = (word & mask) == 0;
    word |= mask;
    return is_new;
  }

 private:
  static constexpr int kPageShift = 16;
  using Page = std::array<uint64_t, (size_t{1} << kPageShift) / 64>;

  std::unordered_map<int64_t, std::unique_ptr<Page>> pages_;
  Page* page_ = nullptr;  // the last one used
  int64_t page_number_ = 0;
};

}  // namespace sluice
