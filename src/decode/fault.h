#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::json {

/// Where a value belongs; spelled `address.zip` or `items[].price`. Nodes live in the columns.
struct FieldPath {
  const FieldPath* parent = nullptr;  ///< null: a top-level field
  std::string_view name;
};
inline constexpr std::string_view kElementPath = "[]";

/// Returns the path as text; empty for null.
std::string Spell(const FieldPath* path);

/// What is wrong with a record.
struct Fault {
  std::string_view reason{};  ///< a name of bad-input.md; empty: nothing is wrong
  size_t position = 0;        ///< byte of the record's value
  std::string field{};
  std::string detail{};
  explicit operator bool() const { return !reason.empty(); }
};

/// Returns up to 32 bytes of `text` from `position` on, fit to be shown.
std::string Snippet(std::string_view text, size_t position);

}  // namespace sluice::json
