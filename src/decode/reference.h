#pragma once

// A second JSON decoder for the tests, slow and plain: a recursive parser over bytes that builds a
// tree, then a look at the tree. It shares no code with the first and must agree with it.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decode/testing.h"

namespace sluice::json::reference {

struct Node {
  enum Kind { kNull, kBool, kNumber, kSpecial, kString, kObject, kList } kind = kNull;
  size_t begin = 0, end = 0;
  std::string text{};  // a scalar's; a string's without escapes
  std::optional<std::pair<size_t, std::string>> problem{};  // of a string: where, reason
  std::vector<std::pair<Node, Node>> fields{};
  std::vector<Node> items{};
};

struct Broken {
  std::string reason;
};

/// Throws Broken at the first fault of grammar.
class Parser {
 public:
  Parser(std::string_view text, const DecodeOptions& options) : text_(text), options_(options) {}

  Node ParseAll() {
    Blanks();
    if (at_ == text_.size()) throw Broken{"empty_value"};
    Node root = Value(0);
    Blanks();
    if (at_ != text_.size()) throw Broken{"trailing_data"};
    return root;
  }

 private:
  char Next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Starts(std::string_view word) const { return text_.substr(at_).starts_with(word); }
  void Need(bool holds) const {
    if (!holds) throw Broken{"json_syntax"};
  }
  void Take(char wanted) {
    Need(at_ < text_.size() && text_[at_] == wanted);
    ++at_;
  }
  void Blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  Node Value(int depth) {
    Node node;
    Blanks();
    node.begin = at_;
    if (Next() == '{' || Next() == '[') {
      if (depth == options_.max_depth) throw Broken{"nesting_too_deep"};
      Next() == '{' ? Object(node, depth) : List(node, depth);
    } else if (Next() == '"') {
      String(node);
    } else {
      Scalar(node);
    }
    node.end = at_;
    return node;
  }

  void Object(Node& node, int depth) {
    node.kind = Node::kObject;
    Take('{');
    Blanks();
    while (Next() != '}') {
      if (!node.fields.empty()) Take(',');
      Blanks();
      Node key;
      key.begin = at_;
      Need(Next() == '"');
      String(key);
      key.end = at_;
      if (key.text.size() > static_cast<size_t>(options_.max_field_name_bytes)) {
        throw Broken{"field_name_too_long"};
      }
      Blanks();
      Take(':');
      if (node.fields.size() >= static_cast<size_t>(options_.max_fields)) {
        throw Broken{"too_many_fields"};
      }
      Node value = Value(depth + 1);
      node.fields.emplace_back(std::move(key), std::move(value));
      Blanks();
    }
    Take('}');
  }

  void List(Node& node, int depth) {
    node.kind = Node::kList;
    Take('[');
    Blanks();
    while (Next() != ']') {
      if (!node.items.empty()) Take(',');
      node.items.push_back(Value(depth + 1));
      Blanks();
    }
    Take(']');
  }

  void Scalar(Node& node) {
    const std::pair<std::string_view, Node::Kind> words[] = {
        {"null", Node::kNull},   {"true", Node::kBool},        {"false", Node::kBool},
        {"NaN", Node::kSpecial}, {"Infinity", Node::kSpecial}, {"-Infinity", Node::kSpecial}};
    for (const auto& [word, kind] : words) {
      if (!Starts(word)) continue;
      node.kind = kind;
      node.text = word;
      at_ += word.size();
      return NeedEnd();
    }
    node.kind = Node::kNumber;
    const size_t begin = at_;
    if (Next() == '-') ++at_;
    Next() == '0' ? static_cast<void>(++at_) : Digits();
    if (Next() == '.') ++at_, Digits();
    if (Next() == 'e' || Next() == 'E') {
      ++at_;
      if (Next() == '+' || Next() == '-') ++at_;
      Digits();
    }
    node.text = text_.substr(begin, at_ - begin);
    NeedEnd();
  }

  void Digits() {
    Need(IsDigit(Next()));
    while (IsDigit(Next())) ++at_;
  }
  void NeedEnd() const {
    Need(at_ == text_.size() || std::string_view(" \t\r\n,:{}[]").find(Next()) != text_.npos);
  }

  uint32_t Hex() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      Need(at_ < text_.size() && isxdigit(static_cast<unsigned char>(text_[at_])));
      code = code * 16 + static_cast<uint32_t>(std::stoi(std::string(1, text_[at_]), nullptr, 16));
    }
    return code;
  }

  static void Append(std::string& out, uint32_t code) {
    const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr uint32_t kLeads[] = {0, 0xC0, 0xE0, 0xF0};
    put(kLeads[more] | code >> (6 * more));
    for (int i = more - 1; i >= 0; --i) put(0x80 | (code >> (6 * i) & 0x3F));
  }

  void Escape(Node& node) {
    const size_t begin = at_++;
    const std::string_view plain = "\"\\/bfnrt";
    const size_t which = at_ < text_.size() ? plain.find(text_[at_]) : plain.npos;
    if (which != plain.npos) {
      node.text += "\"\\/\b\f\n\r\t"[which];
      ++at_;
      return;
    }
    Take('u');
    uint32_t code = Hex();
    std::string reason;
    if (code == 0 && !options_.strip_nul) reason = "nul_character";
    if (code >= 0xDC00 && code <= 0xDFFF) reason = "invalid_utf8";
    if (code >= 0xD800 && code <= 0xDBFF) {
      const size_t after = at_;
      uint32_t low = 0;
      try {
        Take('\\');
        Take('u');
        low = Hex();
      } catch (const Broken&) {
        low = 0;
      }
      if (low >= 0xDC00 && low <= 0xDFFF) {
        code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00);
      } else {
        reason = "invalid_utf8";
        at_ = after;
      }
    }
    if (!reason.empty() && !node.problem) node.problem = {begin, reason};
    if (reason.empty() && code != 0) Append(node.text, code);
  }

  void String(Node& node) {
    node.kind = Node::kString;
    Take('"');
    while (Next() != '"') {
      Need(at_ < text_.size() && static_cast<uint8_t>(text_[at_]) >= 0x20);
      if (Next() == '\\')
        Escape(node);
      else
        node.text += text_[at_++];
    }
    ++at_;
  }

  std::string_view text_;
  const DecodeOptions& options_;
  size_t at_ = 0;
};

/// Digits without zeros at either end, and the power of ten of the last; "" is 0.
struct Exact {
  bool negative = false;
  std::string digits{};
  long exponent = 0;
  explicit Exact(std::string text) {
    if (text.starts_with('-')) negative = true, text.erase(0, 1);
    const size_t e = std::min(text.find_first_of("eE"), text.size());
    if (e < text.size()) {
      exponent = std::clamp(std::strtol(text.c_str() + e + 1, nullptr, 10), -1000000L, 1000000L);
    }
    text.resize(e);
    const size_t point = text.find('.');
    if (point != text.npos) {
      exponent -= static_cast<long>(text.size() - point - 1);
      text.erase(point, 1);
    }
    while (text.ends_with('0')) text.pop_back(), ++exponent;
    text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
    digits = text;
    if (digits.empty()) exponent = 0;
  }
  /// value × 10^scale as an integer's digits; only when that is one.
  std::string Scaled(long scale) const {
    if (digits.empty()) return "0";
    return digits + std::string(static_cast<size_t>(exponent + scale), '0');
  }
};

inline bool NotGreater(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a <= b;
}

}  // namespace sluice::json::reference
