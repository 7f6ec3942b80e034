#include "warehouse/numeric.h"

#include <algorithm>
#include <array>

#include "warehouse/big_endian.h"

namespace sluice {
namespace {

constexpr int kGroupDigits = 4;
constexpr int kMaxGroups = 12;
constexpr uint16_t kPositive = 0x0000, kNegative = 0x4000;

constexpr std::array<uint16_t, 5> kPowers{1, 10, 100, 1000, 10'000};

// Groups of base 10,000, the least first.
struct Groups {
  std::array<uint16_t, kMaxGroups> digits;
  int count = 0;
  void Add(uint64_t digit) { digits[static_cast<size_t>(count++)] = static_cast<uint16_t>(digit); }
};

// Cuts groups off while something is left. 64-bit division is many times faster than 128-bit.
void Cut(Uint128 magnitude, Groups& groups) {
  while (magnitude >> 64 != 0) {
    groups.Add(static_cast<uint64_t>(magnitude % 10'000));
    magnitude /= 10'000;
  }
  for (auto rest = static_cast<uint64_t>(magnitude); rest != 0; rest /= 10'000) {
    groups.Add(rest % 10'000);
  }
}

Uint128 Magnitude(Int128 value) {
  return value < 0 ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
}

}  // namespace

void AppendNumeric(std::string& to, Int128 unscaled, int scale) {
  Uint128 magnitude = Magnitude(unscaled);
  Groups groups;
  const int fraction_groups = (scale + kGroupDigits - 1) / kGroupDigits;
  // The last group of the fraction may hold fewer than four digits: they count from the left.
  if (const int odd = scale % kGroupDigits; odd != 0) {
    const uint64_t power = kPowers[static_cast<size_t>(odd)];
    groups.Add(static_cast<uint64_t>(magnitude % power) *
               kPowers[static_cast<size_t>(kGroupDigits - odd)]);
    magnitude /= power;
  }
  Cut(magnitude, groups);
  while (groups.count > 0 && groups.digits[static_cast<size_t>(groups.count - 1)] == 0) {
    --groups.count;
  }
  AppendBigEndian(to, static_cast<uint16_t>(groups.count));
  AppendBigEndian(to, static_cast<uint16_t>(groups.count - fraction_groups - 1));
  AppendBigEndian(to, unscaled < 0 ? kNegative : kPositive);
  AppendBigEndian(to, static_cast<uint16_t>(scale));
  for (int i = groups.count; i-- > 0;) {
    AppendBigEndian(to, groups.digits[static_cast<size_t>(i)]);
  }
}

void AppendDecimalText(std::string& to, Int128 unscaled, int scale) {
  std::array<char, 48> text;
  size_t at = text.size();
  Uint128 magnitude = Magnitude(unscaled);
  for (int digits = 0; magnitude != 0 || digits <= scale; ++digits) {
    if (digits == scale && scale > 0) text[--at] = '.';
    text[--at] = static_cast<char>('0' + static_cast<int>(magnitude % 10));
    magnitude /= 10;
  }
  if (unscaled < 0) text[--at] = '-';
  to.append(text.data() + at, text.size() - at);
}

}  // namespace sluice
