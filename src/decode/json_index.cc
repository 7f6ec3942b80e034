#include "decode/json_index.h"

#include <algorithm>
#include <optional>

namespace sluice::json {
namespace {

constexpr size_t kFirstCapacity = 64 << 10;

bool IsBlank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool IsPunctuation(char c) {
  return c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':';
}

// A string from its opening quote: the closing quote's position, or where it is broken.
struct StringEnd {
  size_t position;
  bool broken;
};

StringEnd FindStringEnd(std::string_view text, size_t open) {
  for (size_t i = open + 1; i < text.size(); ++i) {
    if (text[i] == '"') return {i, false};
    if (static_cast<uint8_t>(text[i]) < 0x20) return {i, true};
    if (text[i] == '\\') ++i;
  }
  return {open, true};
}

// Length of the UTF-8 sequence at the front, or 0; overlong forms and surrogates are none.
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned lead = byte(0);
  const unsigned second = byte(1);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4 || !follows(1)) return 0;
  if (lead < 0xE0) return 2;
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || !follows(2)) return 0;
  if (lead < 0xF0) return 3;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F) || !follows(3)) return 0;
  return 4;
}

}  // namespace

size_t FirstNotUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = SequenceLength(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return at;
}

Result<JsonIndex> JsonIndex::Make(size_t max_bytes) {
  std::unique_ptr<Parser> parser;
  const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
      std::min(max_bytes, kFirstCapacity), simdjson::DEFAULT_MAX_DEPTH, parser);
  if (error != simdjson::SUCCESS) {
    return Fail(ErrorKind::kFatal, "simdjson gave no parser", simdjson::error_message(error));
  }
  return JsonIndex(std::move(parser));
}

JsonIndex::Outcome JsonIndex::Build(std::string_view text) {
  if (text.size() > parser_->capacity() &&
      parser_->set_capacity(std::max(text.size(), 2 * parser_->capacity())) != simdjson::SUCCESS) {
    throw std::bad_alloc();
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto error = parser_->stage1(bytes, text.size(), simdjson::stage1_mode::regular);
  if (error != simdjson::SUCCESS) return BuildSlowly(text);
  positions_ = parser_->structural_indexes.get();
  count_ = parser_->n_structural_indexes;
  return Outcome::kWhole;
}

JsonIndex::Outcome JsonIndex::BuildSlowly(std::string_view text) {
  slow_.clear();
  count_ = 0;
  fault_position_ = FirstNotUtf8(text);
  if (fault_position_ < text.size()) return Outcome::kNotUtf8;
  bool in_scalar = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool quote = text[i] == '"';
    const bool between = IsPunctuation(text[i]) || IsBlank(text[i]);
    const bool token = IsPunctuation(text[i]) || (!in_scalar && !between);
    if (token) slow_.push_back(static_cast<uint32_t>(i));
    in_scalar = !between && !quote;
    if (!quote) continue;
    const StringEnd end = FindStringEnd(text, i);
    if (end.broken) {
      if (!token) slow_.push_back(static_cast<uint32_t>(text.size()));
      positions_ = slow_.data();
      count_ = slow_.size() - 1;
      fault_position_ = end.position;
      return Outcome::kBrokenString;
    }
    i = end.position;
  }
  if (slow_.empty()) return Outcome::kBlank;
  count_ = slow_.size();
  slow_.push_back(static_cast<uint32_t>(text.size()));
  positions_ = slow_.data();
  return Outcome::kWhole;
}

}  // namespace sluice::json
