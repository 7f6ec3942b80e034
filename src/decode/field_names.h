#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "stage/schema.h"

namespace sluice::json {

/// Compares short names without a call.
inline bool SameName(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto same = [&]<typename Word>(Word, size_t at) {
    Word x;
    Word y;
    std::memcpy(&x, a.data() + at, sizeof(Word));
    std::memcpy(&y, b.data() + at, sizeof(Word));
    return x == y;
  };
  const size_t size = a.size();
  if (size >= 8) {
    for (size_t at = 0; at + 8 < size; at += 8) {
      if (!same(uint64_t{}, at)) return false;
    }
    return same(uint64_t{}, size - 8);
  }
  if (size >= 4) return same(uint32_t{}, 0) && same(uint32_t{}, size - 4);
  for (size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

/// The names of an object's declared fields. Records repeat the order of their fields, so the
/// field that followed last time is tried first, and a hash table only when it is another.
class FieldNames {
 public:
  static constexpr int kNone = -1;

  /// FailsWith kInvalidConfig when two names are one (ASCII letters alike under `fold_case`).
  static Result<FieldNames> Make(const std::vector<Field>& fields, bool fold_case);

  /// Returns the index of the field called `name` or kNone. `previous` is the index found before
  /// in the same object, kNone at its begin.
  int Find(std::string_view name, int previous) {
    const int guess = followers_[static_cast<size_t>(int64_t{previous} + 1)];
    if (guess != kNone && SameName(names_[static_cast<size_t>(guess)], name)) return guess;
    return FindByHash(name, previous);
  }

 private:
  explicit FieldNames(bool fold_case) : fold_case_(fold_case) {}
  int FindByHash(std::string_view name, int previous);
  int& Slot(std::string_view name);

  bool fold_case_;
  std::vector<std::string> names_;
  std::vector<int> followers_;  // by the index before, plus one
  std::vector<int> slots_;      // open addressing, at most half full
  std::string folded_;
};

}  // namespace sluice::json
