#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec.h"
#include "decode/fault.h"
#include "decode/json_index.h"
#include "decode/number.h"

namespace sluice::json {

/// A place in the record's text to be written differently where the text is kept as JSON.
struct Edit {
  size_t position;
  size_t size;
  std::string_view replacement;
};

/// A field's name without escapes, and where it stands in the text, quote included.
struct Key {
  std::string_view name;
  size_t position = 0;
};

/// Steps over the tokens of one record by JSON's strict grammar, and keeps its faults. A function
/// that returns false (or kBroken) met a fault of grammar: the record is lost, go no further.
/// Faults of meaning are noted by Refuse, and the walk goes on, since grammar comes first.
class JsonWalker {
 public:
  enum class Step { kMember, kEnd, kBroken };
  enum class Special { kNone, kNan, kInfinity, kMinusInfinity };

  explicit JsonWalker(const DecodeOptions& options) : options_(options) {}

  /// Begins a record. Index and text stay as they are during the walk.
  void Start(const JsonIndex& index, JsonIndex::Outcome outcome, std::string_view text);

  std::string_view text() const { return text_; }
  /// The first byte of the next token; 0 at the end.
  char Peek() const { return token_ != end_ ? text_.data()[*token_] : '\0'; }
  /// The byte after that; the text's padding at its end.
  char PeekSecond() const { return text_.data()[*token_ + 1]; }
  size_t position() const { return *token_; }
  /// Whether any string of the record may hold an escape.
  bool has_escapes() const { return has_escapes_; }
  /// One past the last byte of the value just taken.
  size_t EndOfTaken() const;

  /// Takes `{` or `[`, the closing one being taken by the Next… that says kEnd.
  bool Enter();
  /// Takes up to and with the colon. `first` is true right after Enter.
  Step NextKey(bool first, Key* key);
  /// Stops before the element.
  Step NextElement(bool first);
  /// Takes a string token and returns what is between its quotes, as written.
  std::string_view TakeString();
  /// Takes a whole number token.
  bool TakeNumber(Number* number);
  /// Takes `true`, `false` or `null`.
  bool TakeLiteral(std::string_view word);
  /// Takes `NaN`, `Infinity`, `-Infinity`, if one is next.
  Special TakeSpecial();
  /// Checks and takes whatever value is next: what it cannot keep as JSON becomes an edit.
  bool SkipValue();
  /// Takes nothing: notes that something else must stand here.
  bool Expected(std::string_view what);
  /// Checks that nothing follows the root.
  bool Finish();

  /// Notes the keys of an object from its mark on; CloseKeys, at its end, refuses two of one name.
  size_t KeyMark() const { return keys_.size(); }
  void NoteKey(const Key& key) { keys_.push_back(key); }
  void CloseKeys(size_t mark) {
    if (keys_.size() > mark) RefuseDuplicates(mark);
  }
  /// Checks that an object may have `count` fields; `key` is the last of them.
  bool CheckFieldCount(size_t count, const Key& key) {
    return count <= static_cast<size_t>(options_.max_fields) || TooManyFields(key);
  }

  /// Writes the text of a string with escapes to `to` (room for raw.size() bytes) and refuses what
  /// it must not hold.
  bool TakeEscapes(std::string_view raw, char* to, size_t* size);
  /// Decides about a number that is none, by the options: false when it was refused, otherwise a
  /// NULL that is counted.
  bool AllowSpecial(Special special, size_t position);
  /// Such a number is null where the text is kept as JSON.
  void AddNullEdit(Special special, size_t position);

  /// Says which field the next faults belong to; the path must live as long.
  void SetField(const FieldPath* field) { field_ = field; }
  const FieldPath* field() const { return field_; }

  /// Notes a fault of meaning; of several the first in the text counts.
  template <typename... Args>
  void Refuse(std::string_view reason, size_t position, fmt::format_string<Args...> detail,
              Args&&... args) {
    if (refused_ && position >= refused_.position) return;
    refused_ = {reason, position, Spell(field_), fmt::format(detail, std::forward<Args>(args)...)};
  }
  bool refused() const { return static_cast<bool>(refused_); }
  /// The fault of the record; none when it has become a row.
  const Fault& fault() const { return broken_ ? broken_ : refused_; }
  const std::vector<Edit>& edits() const { return edits_; }
  int64_t nan_as_null() const { return nan_as_null_; }

 private:
  struct Frame {
    bool object;
    size_t key_base;
  };
  Step ExpectedAtKey(std::string_view what);
  bool CheckName(Key* key);
  bool TooManyFields(const Key& key);
  void RefuseDuplicates(size_t mark);
  bool BeginValue(bool* entered);
  bool AdvanceToValue(bool entered);
  bool SkipNumber();
  bool CheckString();
  static bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  bool TakeLongNumber(Number* number);
  bool EndsScalar(size_t end) const;
  void EditNul(std::string_view raw);
  bool Broken(std::string_view reason, size_t position, std::string detail);
  size_t Offset(std::string_view raw) const {
    return static_cast<size_t>(raw.data() - text_.data());
  }

  const DecodeOptions& options_;
  std::string_view text_;
  const uint32_t* token_ = nullptr;  // the next one
  const uint32_t* end_ = nullptr;    // after the last one; points to where that one's text ends
  int depth_ = 0;
  bool has_escapes_ = false;
  size_t broken_string_ = 0;  // where the string after the last token breaks
  bool ends_broken_ = false;
  const FieldPath* field_ = nullptr;
  Fault broken_;
  Fault refused_;
  int64_t nan_as_null_ = 0;
  std::vector<Key> keys_;
  std::vector<Frame> frames_;
  std::vector<Edit> edits_;
  std::string key_bytes_;  // names that had escapes; never grows during a record
  std::string scratch_;
};

inline std::string_view JsonWalker::TakeString() {
  const char* const base = text_.data();
  const char* const begin = base + *token_ + 1;
  const char* last = base + *++token_ - 1;
  while (*last != '"') --last;  // only blanks lie between the quote and the next token
  return {begin, static_cast<size_t>(last - begin)};
}

inline JsonWalker::Step JsonWalker::NextKey(bool first, Key* key) {
  const char next = Peek();
  if (next == '}') {
    ++token_;
    --depth_;
    return Step::kEnd;
  }
  if (!first) {
    if (next != ',') return ExpectedAtKey("`,` or `}`");
    ++token_;
  }
  if (Peek() != '"') return ExpectedAtKey("a field name in double quotes");
  key->position = position();
  key->name = TakeString();
  const auto most = static_cast<size_t>(options_.max_field_name_bytes);
  if ((has_escapes_ || key->name.size() > most) && !CheckName(key)) return Step::kBroken;
  if (Peek() != ':') return ExpectedAtKey("`:` after the field name");
  ++token_;
  return Step::kMember;
}

inline bool JsonWalker::TakeNumber(Number* number) {
  const char* const limit = text_.data() + token_[1];
  const char* const end = ScanShort(text_.data() + *token_, limit, number);
  if (end == nullptr || (end != limit && !IsBlank(*end))) return TakeLongNumber(number);
  ++token_;
  return true;
}

}  // namespace sluice::json
