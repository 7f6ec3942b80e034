#include "lake/parquet_bounds.h"

#include <bit>
#include <cstring>

namespace sluice {
namespace {

static_assert(std::endian::native == std::endian::little, "Iceberg's numbers are little-endian");

constexpr size_t kBoundLength = 16;  // code points or bytes

template <typename T>
std::string RawBytes(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// Two's complement, big-endian, no byte more than the sign needs.
std::string DecimalBytes(Int128 value) {
  std::string reversed;
  while (true) {
    const auto byte = static_cast<unsigned char>(value & 0xFF);
    reversed.push_back(static_cast<char>(byte));
    value >>= 8;
    const bool negative = (byte & 0x80) != 0;
    if ((value == 0 && !negative) || (value == -1 && negative)) break;
  }
  return {reversed.rbegin(), reversed.rend()};
}

bool IsContinuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// The first code points of a text, or all of it.
std::string_view FirstCodePoints(std::string_view text) {
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsContinuation(text[i]) && ++seen > kBoundLength) return text.substr(0, i);
  }
  return text;
}

// The code point of one whole UTF-8 sequence.
uint32_t CodePoint(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead;
  uint32_t point = lead & (0x7Fu >> sequence.size());
  for (const char byte : sequence.substr(1)) point = point << 6 | (byte & 0x3Fu);
  return point;
}

std::string Utf8(uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xE0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | point >> 18), tail(12), tail(6), tail(0)};
}

std::optional<std::string> NextText(std::string_view prefix) {
  while (!prefix.empty()) {
    size_t start = prefix.size() - 1;
    while (start > 0 && IsContinuation(prefix[start])) --start;
    uint32_t point = CodePoint(prefix.substr(start)) + 1;
    if (point >= 0xD800 && point <= 0xDFFF) point = 0xE000;  // surrogates are no characters
    prefix = prefix.substr(0, start);
    if (point <= 0x10FFFF) return std::string(prefix) + Utf8(point);
  }
  return std::nullopt;
}

std::optional<std::string> NextBinary(std::string_view prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.remove_suffix(1);
  if (prefix.empty()) return std::nullopt;
  std::string next(prefix);
  next.back() = static_cast<char>(static_cast<unsigned char>(next.back()) + 1);
  return next;
}

std::string_view Prefix(TypeKind kind, std::string_view value) {
  return kind == TypeKind::kString ? FirstCodePoints(value) : value.substr(0, kBoundLength);
}

}  // namespace

std::string IntegerBytes(TypeKind kind, Int128 value) {
  switch (kind) {
    case TypeKind::kBool:
      return RawBytes(static_cast<int8_t>(value));
    case TypeKind::kInt:
    case TypeKind::kDate:
      return RawBytes(static_cast<int32_t>(value));
    case TypeKind::kDecimal:
      return DecimalBytes(value);
    default:
      return RawBytes(static_cast<int64_t>(value));
  }
}

std::string FloatBytes(TypeKind kind, double value) {
  return kind == TypeKind::kFloat ? RawBytes(static_cast<float>(value)) : RawBytes(value);
}

std::string LowerBound(TypeKind kind, std::string_view value) {
  return std::string(Prefix(kind, value));
}

std::optional<std::string> UpperBound(TypeKind kind, std::string_view value) {
  const std::string_view prefix = Prefix(kind, value);
  if (prefix.size() == value.size()) return std::string(value);
  return kind == TypeKind::kString ? NextText(prefix) : NextBinary(prefix);
}

}  // namespace sluice
