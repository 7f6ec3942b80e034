#include "decode/json_string.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace sluice::json {
namespace {

using Problem = Unescaped::Problem;

constexpr uint32_t kNoCode = 0xFFFFFFFF;

// The byte that `\c` stands for, or 0.
char Simple(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

// The code unit of `\uXXXX` at the front, or kNoCode.
uint32_t CodeUnit(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return kNoCode;
  uint32_t code = 0;
  for (const char c : text.substr(2, 4)) {
    uint32_t digit = 0;
    if (c >= '0' && c <= '9')
      digit = static_cast<uint32_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = static_cast<uint32_t>(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F')
      digit = static_cast<uint32_t>(c - 'A') + 10;
    else
      return kNoCode;
    code = code << 4 | digit;
  }
  return code;
}

char* WriteUtf8(uint32_t code, char* to) {
  const auto put = [&](uint32_t byte) { *to++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return to;
}

bool IsHighSurrogate(uint32_t code) {
  return code >= 0xD800 && code < 0xDC00;
}
bool IsLowSurrogate(uint32_t code) {
  return code >= 0xDC00 && code < 0xE000;
}

// One `\uXXXX`, or a pair of them: raw bytes taken (0: no such escape) and its code point.
struct CodePoint {
  size_t taken;
  uint32_t code;
  Problem problem;
};

CodePoint ReadCodePoint(std::string_view text) {
  const uint32_t first = CodeUnit(text);
  if (first == kNoCode) return {0, 0, Problem::kBadEscape};
  if (first == 0) return {6, 0, Problem::kNul};
  if (IsLowSurrogate(first)) return {6, 0, Problem::kLoneSurrogate};
  if (!IsHighSurrogate(first)) return {6, first, Problem::kNone};
  const uint32_t second = CodeUnit(text.substr(6));
  if (second == kNoCode || !IsLowSurrogate(second)) return {6, 0, Problem::kLoneSurrogate};
  return {12, 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), Problem::kNone};
}

}  // namespace

Unescaped Unescape(std::string_view raw, bool strip_nul, char* to) {
  Unescaped result;
  char* out = to;
  size_t at = 0;
  while (at < raw.size()) {
    const size_t escape = std::min(raw.find('\\', at), raw.size());
    std::memcpy(out, raw.data() + at, escape - at);
    out += escape - at;
    at = escape;
    if (at == raw.size()) break;
    if (const char simple = at + 1 < raw.size() ? Simple(raw[at + 1]) : '\0') {
      *out++ = simple;
      at += 2;
      continue;
    }
    const CodePoint point = ReadCodePoint(raw.substr(at));
    if (point.problem == Problem::kBadEscape) return {0, Problem::kBadEscape, at};
    if (point.problem == Problem::kNone) {
      out = WriteUtf8(point.code, out);
    } else if (result.problem == Problem::kNone && !(strip_nul && point.problem == Problem::kNul)) {
      result.problem = point.problem;
      result.position = at;
    }
    at += point.taken;
  }
  result.size = static_cast<size_t>(out - to);
  return result;
}

}  // namespace sluice::json
