#include "decode/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace sluice::json {
namespace {

constexpr int kMantissaDigits = 19;  // always fit 64 bits
constexpr int kWideDigits = 38;      // always fit 128 bits
constexpr int64_t kFarExponent = 1'000'000'000;

bool IsDigit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

constexpr std::array<Uint128, kWideDigits + 1> kPowers = [] {
  std::array<Uint128, kWideDigits + 1> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

Uint128 Power(int64_t exponent) {
  return kPowers[static_cast<size_t>(exponent)];
}

// Collects digits into the mantissa while they fit.
struct Digits {
  uint64_t mantissa = 0;
  int significant = 0;
  bool exact = true;

  const char* Take(const char* at, const char* limit) {
    for (; at < limit && IsDigit(*at); ++at) {
      if (significant >= kMantissaDigits) {
        exact = false;
        continue;
      }
      mantissa = mantissa * 10 + static_cast<uint64_t>(*at - '0');
      significant += mantissa != 0;
    }
    return at;
  }
};

// The exponent's digits after `e`; null when there are none.
const char* TakeExponent(const char* at, const char* limit, int64_t* exponent, const char** fault) {
  const bool negative = at < limit && *at == '-';
  if (at < limit && (*at == '-' || *at == '+')) ++at;
  if (at == limit || !IsDigit(*at)) {
    *fault = at;
    return nullptr;
  }
  int64_t value = 0;
  for (; at < limit && IsDigit(*at); ++at) value = std::min(kFarExponent, value * 10 + (*at - '0'));
  *exponent = negative ? -value : value;
  return at;
}

// mantissa × 10^exponent with no zero at the mantissa's end.
struct Exact {
  Uint128 mantissa = 0;
  int64_t exponent = 0;
  bool wide = false;  // more than kWideDigits digits: the mantissa is meaningless
};

Exact ToExact(const Number& number) {
  Exact exact;
  int digits = 0;
  int64_t pending_zeros = 0;
  int64_t place = number.written_exponent;  // of the digit just read
  bool fraction = false;
  for (const char c : number.text) {
    if (c == 'e' || c == 'E') break;
    if (c == '-') continue;
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (fraction) {
      --place;
    } else {
      ++exact.exponent;  // the last nonzero digit moves up with each digit before the point
    }
    if (c == '0') {
      pending_zeros += exact.mantissa != 0;
      continue;
    }
    digits += static_cast<int>(std::min<int64_t>(pending_zeros + 1, kWideDigits + 1));
    if (digits > kWideDigits) exact.wide = true;
    if (exact.wide) {
      digits = kWideDigits + 1;
      exact.mantissa = 1;
    } else {
      exact.mantissa = exact.mantissa * Power(pending_zeros + 1) + static_cast<Uint128>(c - '0');
    }
    pending_zeros = 0;
    exact.exponent = fraction ? place : number.written_exponent;
  }
  return exact;
}

template <typename Float>
NumberVerdict Nearest(const Number& number, Float* value) {
  const char* const end = number.text.data() + number.text.size();
  *value = 0;
  const auto [at, error] = std::from_chars(number.text.data(), end, *value);
  const bool vanished = *value == 0 && number.mantissa != 0;
  const bool fits = error == std::errc{} && at == end && !vanished &&
                    *value <= std::numeric_limits<Float>::max() &&
                    *value >= std::numeric_limits<Float>::lowest();
  return fits ? NumberVerdict::kOk : NumberVerdict::kOutOfRange;
}

// Both mantissa and power of ten are floats without rounding, so one operation rounds once.
template <typename Float, size_t kPowersOfTen>
bool ByOneOperation(const Number& number, const std::array<Float, kPowersOfTen>& tens,
                    Float* value) {
  constexpr auto kFar = static_cast<int64_t>(kPowersOfTen);
  constexpr uint64_t kMost = uint64_t{1} << std::numeric_limits<Float>::digits;
  if (!number.exact || number.mantissa > kMost) return false;
  if (number.exponent <= -kFar || number.exponent >= kFar) return false;
  const auto mantissa = static_cast<Float>(number.mantissa);
  const auto ten =
      tens[static_cast<size_t>(number.exponent < 0 ? -number.exponent : number.exponent)];
  const Float size = number.exponent < 0 ? mantissa / ten : mantissa * ten;
  *value = number.negative ? -size : size;
  return true;
}

constexpr std::array<double, 23> kDoubleTens{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                             1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                             1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr std::array<float, 11> kFloatTens{1e0F, 1e1F, 1e2F, 1e3F, 1e4F, 1e5F,
                                           1e6F, 1e7F, 1e8F, 1e9F, 1e10F};

}  // namespace

const char* ScanNumber(const char* begin, const char* limit, Number* number, const char** fault) {
  const char* at = begin;
  number->negative = at < limit && *at == '-';
  if (number->negative) ++at;
  Digits digits;
  const char* const integer = at;
  at = digits.Take(at, limit);
  if (at == integer || (*integer == '0' && at > integer + 1)) {
    *fault = integer;
    return nullptr;
  }
  int64_t places = 0;
  if (at < limit && *at == '.') {
    const char* const fraction = at + 1;
    at = digits.Take(fraction, limit);
    places = at - fraction;
    if (places == 0) {
      *fault = at;
      return nullptr;
    }
  }
  number->written_exponent = 0;
  if (at < limit && (*at == 'e' || *at == 'E')) {
    at = TakeExponent(at + 1, limit, &number->written_exponent, fault);
    if (at == nullptr) return nullptr;
  }
  number->text = {begin, static_cast<size_t>(at - begin)};
  number->mantissa = digits.mantissa;
  number->exact = digits.exact;
  number->exponent = number->written_exponent - places;
  return at;
}

NumberVerdict ToInteger(const Number& number, int64_t min, int64_t max, int64_t* value) {
  Uint128 size = number.mantissa;
  if (!number.exact || (number.exponent != 0 && size != 0)) {
    const Exact exact = ToExact(number);
    if (exact.exponent < 0) return NumberVerdict::kNotIntegral;
    if (exact.wide || exact.exponent >= kMantissaDigits ||
        exact.mantissa >= Power(kMantissaDigits)) {
      return NumberVerdict::kOutOfRange;
    }
    size = exact.mantissa * Power(exact.exponent);
  }
  if (size > Uint128{1} << 63) return NumberVerdict::kOutOfRange;
  const Int128 result = number.negative ? -static_cast<Int128>(size) : static_cast<Int128>(size);
  if (result < min || result > max) return NumberVerdict::kOutOfRange;
  *value = static_cast<int64_t>(result);
  return NumberVerdict::kOk;
}

bool FloorToInteger(const Number& number, int power, int64_t* value) {
  const Exact exact = ToExact(number);
  const int64_t exponent = exact.exponent + power;
  Uint128 size = 0;
  bool cut = false;
  if (exact.wide || exponent >= kMantissaDigits) return exact.mantissa == 0;
  if (exponent >= 0) {
    if (exact.mantissa >= Power(kMantissaDigits)) return false;
    size = exact.mantissa * Power(exponent);
  } else if (-exponent <= kWideDigits) {
    size = exact.mantissa / Power(-exponent);
    cut = size * Power(-exponent) != exact.mantissa;
  } else {
    cut = exact.mantissa != 0;
  }
  size += cut && number.negative;
  if (size > static_cast<Uint128>(std::numeric_limits<int64_t>::max())) return false;
  *value = static_cast<int64_t>(size);
  if (number.negative) *value = -*value;
  return true;
}

NumberVerdict ToDecimal(const Number& number, int precision, int scale, Int128* value) {
  const Exact exact = ToExact(number);
  if (exact.exponent < -scale) return NumberVerdict::kTooManyPlaces;
  if (exact.wide) return NumberVerdict::kOutOfRange;
  Uint128 size = exact.mantissa;
  for (int64_t shift = size == 0 ? 0 : exact.exponent + scale; shift > 0; --shift) {
    if (size >= Power(precision - 1)) return NumberVerdict::kOutOfRange;
    size *= 10;
  }
  if (size >= Power(precision)) return NumberVerdict::kOutOfRange;
  *value = number.negative ? -static_cast<Int128>(size) : static_cast<Int128>(size);
  return NumberVerdict::kOk;
}

NumberVerdict ToFloating(const Number& number, double* value) {
  return ByOneOperation(number, kDoubleTens, value) ? NumberVerdict::kOk : Nearest(number, value);
}

NumberVerdict ToFloating(const Number& number, float* value) {
  return ByOneOperation(number, kFloatTens, value) ? NumberVerdict::kOk : Nearest(number, value);
}

}  // namespace sluice::json
