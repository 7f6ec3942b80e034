#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::json {

__extension__ using Uint128 = unsigned __int128;
__extension__ using Int128 = __int128;

/// A JSON number as written.
struct Number {
  std::string_view text{};
  bool negative = false;
  bool exact = true;             ///< `mantissa` holds all digits: value = mantissa × 10^exponent
  uint64_t mantissa = 0;         ///< otherwise the first 19 significant digits
  int64_t exponent = 0;          ///< of the mantissa; meaningless unless exact
  int64_t written_exponent = 0;  ///< what follows the `e`; saturates far out of any type's range
};

/// The short way for numbers of up to 18 digits and no exponent: one past the last byte, or null
/// when ScanNumber must look at it.
inline const char* ScanShort(const char* begin, const char* limit, Number* number) {
  constexpr int64_t kMostDigits = 18;
  const bool negative = *begin == '-';
  const char* const integer = begin + negative;
  const char* at = integer;
  uint64_t mantissa = 0;
  const auto take = [&] {
    for (; at < limit && static_cast<unsigned char>(*at - '0') < 10; ++at) {
      mantissa = mantissa * 10 + static_cast<uint64_t>(*at - '0');
    }
  };
  take();
  if (at == integer || (*integer == '0' && at != integer + 1)) return nullptr;
  int64_t places = 0;
  if (at < limit && *at == '.') {
    const char* const fraction = ++at;
    take();
    places = at - fraction;
    if (places == 0) return nullptr;
  }
  if (at - integer > kMostDigits || (at < limit && (*at | 0x20) == 'e')) return nullptr;
  *number = {{begin, static_cast<size_t>(at - begin)}, negative, true, mantissa, -places, 0};
  return at;
}

/// Reads the number at `begin` by JSON's grammar, up to `limit`. Returns one past its last byte, or
/// null with `*fault` at the byte that does not fit.
const char* ScanNumber(const char* begin, const char* limit, Number* number, const char** fault);

enum class NumberVerdict { kOk, kNotIntegral, kTooManyPlaces, kOutOfRange };

/// Exact, whatever the spelling: `1859.0` and `1e3` are integers. Never by way of a double.
NumberVerdict ToInteger(const Number& number, int64_t min, int64_t max, int64_t* value);

/// The integer at or below number × 10^power; false when it is out of range.
bool FloorToInteger(const Number& number, int power, int64_t* value);

/// The unscaled value of a decimal(precision, scale); kTooManyPlaces rather than rounding.
NumberVerdict ToDecimal(const Number& number, int precision, int scale, Int128* value);

/// The nearest double or float. kOutOfRange rather than Infinity, or 0 for what is not 0.
NumberVerdict ToFloating(const Number& number, double* value);
NumberVerdict ToFloating(const Number& number, float* value);

}  // namespace sluice::json
