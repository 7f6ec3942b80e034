#pragma once

#include <duckdb.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "decode/fault.h"
#include "decode/field_names.h"
#include "stage/schema.h"

namespace sluice::json {

/// Strings up to this length are inside DuckDB's string itself.
inline constexpr size_t kInlinedBytes = 12;

/// Returns DuckDB's string for bytes that outlive it. The first 12 bytes must be readable even when
/// the string is shorter (the arena's padding sees to it).
inline duckdb_string_t ToDuckString(std::string_view bytes) {
  duckdb_string_t text{};
  text.value.inlined.length = static_cast<uint32_t>(bytes.size());
  if (bytes.size() > kInlinedBytes) {
    std::memcpy(text.value.pointer.prefix, bytes.data(), sizeof(text.value.pointer.prefix));
    text.value.pointer.ptr = const_cast<char*>(bytes.data());
  } else if (!bytes.empty()) {  // masks rather than a copy of as many bytes: no call, no branch
    uint64_t words[2] = {};
    std::memcpy(words, bytes.data(), kInlinedBytes);
    const size_t bits = 8 * bytes.size();
    words[0] &= bits < 64 ? ~(~uint64_t{0} << bits) : ~uint64_t{0};
    words[1] &= bits < 64 ? 0 : ~(~uint64_t{0} << (bits - 64));
    std::memcpy(text.value.inlined.inlined, words, kInlinedBytes);
  }
  return text;
}

/// One column of the chunk being written, with the columns within it. Rows are written in any
/// order of columns; a row that is given up is undone before the next one takes its place.
class Column {
 public:
  /// `parent` (null: top level) must outlive the column.
  static Result<std::unique_ptr<Column>> Make(const Field& field, const FieldPath* parent,
                                              bool fold_case);
  /// All columns of a table as one struct, which itself has no vector to attach.
  static Result<std::unique_ptr<Column>> MakeRow(const std::vector<Field>& fields, bool fold_case);
  Column(const Column&) = delete;
  Column& operator=(const Column&) = delete;

  TypeKind kind() const { return type_.kind; }
  const Type& type() const { return type_; }
  bool required() const { return required_; }
  bool has_lists() const { return has_lists_; }
  const FieldPath* path() const { return &path_; }
  std::vector<std::unique_ptr<Column>>& children() { return children_; }
  FieldNames& names() { return names_; }

  /// Takes another chunk's vector, with no rows yet.
  void Attach(duckdb_vector vector);
  template <typename T>
  void Set(size_t row, T value) {
    static_cast<T*>(data_)[row] = value;
  }
  /// Sets the row, and what is within it, to NULL.
  void SetNull(size_t row) {
    if (validity_ == nullptr) MakeValidity();
    validity_[row / 64] &= ~(uint64_t{1} << row % 64);
    if (kind() == TypeKind::kString || kind() == TypeKind::kBinary) {
      Set(row, duckdb_string_t{});
    } else if (kind() == TypeKind::kList) {
      Set(row, duckdb_list_entry{});
    } else if (kind() == TypeKind::kStruct) {
      for (auto& child : children_) child->SetNull(row);
    }
  }

  /// Appends one slot to a list's elements and returns its index.
  size_t AddElement() {
    if (elements_ == capacity_) Grow();
    return elements_++;
  }
  size_t elements() const { return elements_; }
  /// The elements so far belong to rows that stay.
  void Commit() {
    if (!has_lists_) return;
    committed_ = elements_;
    for (auto& child : children_) child->Commit();
  }
  /// Makes row `row` as if nothing had been written to it or, for a list, since Commit.
  void Undo(size_t row);
  /// Tells DuckDB how long the lists have become.
  void Finish();

  /// Notes the field as read in object number `object`; false when it was there already.
  bool MarkSeen(uint64_t object, std::string_view spelled) {
    if (seen_in_ == object) return false;
    seen_in_ = object;
    spelled_ = spelled;
    return true;
  }
  bool SeenIn(uint64_t object) const { return seen_in_ == object; }
  std::string_view spelled() const { return spelled_; }

 private:
  Column(const Field& field, const FieldPath* parent, FieldNames names);
  void Grow();
  void Refresh();
  void MakeValidity();

  Type type_;
  std::string name_;
  FieldPath path_;
  bool required_;
  FieldNames names_;  // of a struct's fields
  std::vector<std::unique_ptr<Column>> children_;
  bool has_lists_ = false;  // is one, or has one within

  duckdb_vector vector_ = nullptr;
  void* data_ = nullptr;
  uint64_t* validity_ = nullptr;  // null: no row is NULL yet
  size_t elements_ = 0;
  size_t committed_ = 0;
  size_t capacity_ = 0;

  uint64_t seen_in_ = 0;
  std::string_view spelled_;
};

}  // namespace sluice::json
