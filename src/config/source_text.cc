#include "config/source_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sluice {
namespace {

struct Character {
  char32_t code = 0;
  size_t bytes = 1;
  bool valid = false;
};

struct Form {
  uint8_t mask, lead;
  size_t bytes;
  char32_t least;
};
constexpr std::array<Form, 4> kForms{
    {{0x80, 0x00, 1, 0}, {0xE0, 0xC0, 2, 0x80}, {0xF0, 0xE0, 3, 0x800}, {0xF8, 0xF0, 4, 0x10000}}};

// The character at the front of a text that is not empty.
Character Front(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  for (const auto& form : kForms) {
    if ((byte(0) & form.mask) != form.lead) continue;
    if (text.size() < form.bytes) return {};
    auto code = static_cast<char32_t>(byte(0) & ~form.mask);
    for (size_t i = 1; i < form.bytes; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return {};
      code = code << 6 | (byte(i) & 0x3F);
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < form.least || code > 0x10FFFF || surrogate) return {};
    return {code, form.bytes, true};
  }
  return {};
}

struct CodeRange {
  char32_t first, last;
};
constexpr std::array<CodeRange, 8> kCombining{{{0x300, 0x36F},
                                               {0x483, 0x489},
                                               {0x591, 0x5BD},
                                               {0x64B, 0x65F},
                                               {0x200B, 0x200D},
                                               {0x20D0, 0x20FF},
                                               {0xFE00, 0xFE0F},
                                               {0xFE20, 0xFE2F}}};
constexpr std::array<CodeRange, 8> kWide{{{0x1100, 0x115F},
                                          {0x2E80, 0xA4CF},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0x1F300, 0x1FAFF},
                                          {0x20000, 0x3FFFD}}};

template <size_t N>
bool IsIn(char32_t code, const std::array<CodeRange, N>& ranges) {
  return std::ranges::any_of(
      ranges, [&](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

}  // namespace

SourceText::SourceText(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines_.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

std::string_view SourceText::Line(int number) const {
  return number >= 1 && number <= lines() ? lines_[static_cast<size_t>(number - 1)]
                                          : std::string_view{};
}

Place SourceText::At(int line, size_t byte) const {
  return {line, CountCharacters(Line(line).substr(0, byte)) + 1};
}

int CountCharacters(std::string_view text) {
  return static_cast<int>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<uint8_t>(byte) & 0xC0) != 0x80; }));
}

std::string_view FirstCharacters(std::string_view text, int count) {
  size_t end = 0;
  for (; count > 0 && end < text.size(); --count) end += Front(text.substr(end)).bytes;
  return text.substr(0, end);
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Character character = Front(text);
    if (!IsIn(character.code, kCombining)) width += IsIn(character.code, kWide) ? 2 : 1;
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::optional<size_t> FirstBadByte(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const Character character = Front(text.substr(at));
    const char32_t code = character.code;
    const bool control = (code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
                         (code >= 0x7F && code < 0xA0);
    if (!character.valid || control) return at;
    at += character.bytes;
  }
  return std::nullopt;
}

}  // namespace sluice
