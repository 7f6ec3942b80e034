#include "transform/sql_tokens.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace sluice {
namespace {

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool StartsWord(char c) {
  return IsWordByte(c) && c != '$' && (c < '0' || c > '9');
}

// Returns whether a blank of two or three bytes begins here: U+00A0, U+1680, U+2000–200F, U+202F,
// U+205F, U+2060, U+3000, U+FEFF.
bool StartsOddBlank(std::string_view text) {
  for (const std::string_view blank : {"\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\xAF", "\xE2\x81\x9F",
                                       "\xE2\x81\xA0", "\xE3\x80\x80", "\xEF\xBB\xBF"}) {
    if (text.starts_with(blank)) return true;
  }
  return text.size() >= 3 && text.starts_with("\xE2\x80") &&
         static_cast<unsigned char>(text[2]) <= 0x8F;
}

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  std::vector<SqlToken> Run() {
    std::vector<SqlToken> tokens;
    int depth = 0;
    for (SkipBlanks(); at_ < sql_.size(); SkipBlanks()) {
      const size_t start = at_;
      const SqlTokenKind kind = TakeOne();
      const std::string_view text = sql_.substr(start, at_ - start);
      const bool closes = text == ")" || text == "]" || text == "}";
      if (closes) depth = std::max(depth - 1, 0);
      tokens.push_back({kind, start, text, depth});
      if (text == "(" || text == "[" || text == "{") ++depth;
    }
    return tokens;
  }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }
  bool Sees(std::string_view text) const { return sql_.substr(at_).starts_with(text); }

  void SkipBlanks() {
    while (at_ < sql_.size()) {
      if (std::isspace(static_cast<unsigned char>(Peek())) != 0) {
        ++at_;
      } else if (Sees("--")) {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (Sees("/*")) {
        SkipBlockComment();
      } else {
        return;
      }
    }
  }

  void SkipBlockComment() {
    int open = 0;
    do {
      const int step = Sees("/*") ? 1 : Sees("*/") ? -1 : 0;
      open += step;
      at_ += step == 0 ? 1 : 2;
    } while (open > 0 && at_ < sql_.size());
    at_ = std::min(at_, sql_.size());
  }

  SqlTokenKind TakeOne() {
    const char first = Peek();
    if (first == '"') return TakeQuoted('"', false), SqlTokenKind::kQuotedName;
    if (first == '\'') return TakeQuoted('\'', false), SqlTokenKind::kText;
    if ((first == 'e' || first == 'E') && Peek(1) == '\'') {
      ++at_;
      return TakeQuoted('\'', true), SqlTokenKind::kText;
    }
    if (first == '$' && TakeDollarQuoted()) return SqlTokenKind::kText;
    if (StartsWord(first)) return TakeWhile(IsWordByte), SqlTokenKind::kWord;
    if (first >= '0' && first <= '9') {
      return TakeWhile([](char c) { return IsWordByte(c) || c == '.'; }), SqlTokenKind::kNumber;
    }
    ++at_;
    return SqlTokenKind::kSymbol;
  }

  template <typename Predicate>
  void TakeWhile(Predicate belongs) {
    while (at_ < sql_.size() && belongs(sql_[at_])) ++at_;
  }

  void TakeQuoted(char quote, bool backslash_escapes) {
    for (++at_; at_ < sql_.size(); ++at_) {
      if (backslash_escapes && sql_[at_] == '\\') {
        ++at_;
      } else if (sql_[at_] == quote) {
        if (Peek(1) != quote) break;
        ++at_;
      }
    }
    at_ = std::min(at_ + 1, sql_.size());
  }

  // `$tag$ … $tag$`; a lone `$1` is not one.
  bool TakeDollarQuoted() {
    size_t end = at_ + 1;
    while (end < sql_.size() && IsWordByte(sql_[end]) && sql_[end] != '$') ++end;
    if (end >= sql_.size() || sql_[end] != '$') return false;
    const std::string_view tag = sql_.substr(at_, end + 1 - at_);
    const size_t close = sql_.find(tag, end + 1);
    at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
    return true;
  }

  std::string_view sql_;
  size_t at_ = 0;
};

}  // namespace

bool SqlToken::Is(std::string_view wanted) const {
  if (kind != SqlTokenKind::kWord && kind != SqlTokenKind::kSymbol) return false;
  return std::ranges::equal(text, wanted, [](char have, char want) {
    return std::toupper(static_cast<unsigned char>(have)) == want;
  });
}

SqlTokens::SqlTokens(std::string_view sql) : tokens_(Lexer(sql).Run()) {}

size_t SqlTokens::IndexAt(size_t offset) const {
  const auto found = std::ranges::lower_bound(tokens_, offset, {}, &SqlToken::offset);
  return found == tokens_.end() ? kNone : static_cast<size_t>(found - tokens_.begin());
}

size_t SqlTokens::FindOutside(std::string_view word, size_t from) const {
  for (size_t i = from; i < tokens_.size(); ++i) {
    if (tokens_[i].depth == 0 && tokens_[i].Is(word)) return i;
  }
  return kNone;
}

size_t SqlTokens::FindOddBlank() const {
  for (const SqlToken& token : tokens_) {
    if (token.kind != SqlTokenKind::kWord && token.kind != SqlTokenKind::kNumber) continue;
    for (size_t i = 0; i < token.text.size(); ++i) {
      if (StartsOddBlank(token.text.substr(i))) return token.offset + i;
    }
  }
  return kNone;
}

size_t SqlTokens::PlaceOf(std::initializer_list<std::string_view> words) const {
  size_t first = kNone;
  for (const std::string_view word : words) first = std::min(first, FindOutside(word));
  if (first == kNone) first = 0;
  return tokens_.empty() ? 0 : tokens_[first].offset;
}

size_t SqlTokens::ListItem(size_t first, size_t item) const {
  for (size_t i = 0; i < item; ++i) {
    const size_t comma = FindOutside(",", first);
    if (comma == kNone) break;
    first = comma + 1;
  }
  return first < tokens_.size() ? tokens_[first].offset : 0;
}

}  // namespace sluice
