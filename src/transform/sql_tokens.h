#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace sluice {

enum class SqlTokenKind { kWord, kQuotedName, kText, kNumber, kSymbol };

struct SqlToken {
  SqlTokenKind kind;
  size_t offset;          ///< first byte in the text
  std::string_view text;  ///< quotes and all
  int depth;              ///< how many brackets are open around it; both of a pair count as outside

  size_t end() const { return offset + text.size(); }
  /// Compares a plain word or symbol without regard to case; `wanted` is in capitals.
  bool Is(std::string_view wanted) const;
};

/// A SQL text cut into tokens by DuckDB's lexical rules; comments and blanks are left out. Knows
/// the places that DuckDB's syntax tree does not tell. Views into the text, which must outlive it.
class SqlTokens {
 public:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  explicit SqlTokens(std::string_view sql);

  const std::vector<SqlToken>& all() const { return tokens_; }
  /// Returns the token's index, or kNone when the text ends first.
  size_t IndexAt(size_t offset) const;
  /// Returns the index of the first `word` outside all brackets at or after `from`, or kNone.
  size_t FindOutside(std::string_view word, size_t from = 0) const;
  /// Returns the offset of the first blank outside quotes that is not ASCII, or kNone. DuckDB takes
  /// such for blanks, but tells places as if they were not there.
  size_t FindOddBlank() const;
  /// Returns the offset of the first of the words found outside all brackets, or of the first
  /// token.
  size_t PlaceOf(std::initializer_list<std::string_view> words) const;
  /// Returns the offset where the `item`th piece of the list that begins at token `first` begins.
  size_t ListItem(size_t first, size_t item) const;

 private:
  std::vector<SqlToken> tokens_;
};

}  // namespace sluice
