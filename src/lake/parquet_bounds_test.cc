#include "lake/parquet_bounds.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice {
namespace {

using namespace std::string_literals;

TEST(ParquetBoundsTest, IntegersAreLittleEndianInTheirOwnWidth) {
  EXPECT_EQ(IntegerBytes(TypeKind::kBool, 1), "\x01"s);
  EXPECT_EQ(IntegerBytes(TypeKind::kInt, 258), "\x02\x01\0\0"s);
  EXPECT_EQ(IntegerBytes(TypeKind::kDate, -1), "\xFF\xFF\xFF\xFF"s);
  EXPECT_EQ(IntegerBytes(TypeKind::kLong, -2), "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s);
  EXPECT_EQ(IntegerBytes(TypeKind::kTimestampTz, 1), "\x01\0\0\0\0\0\0\0"s);
}

TEST(ParquetBoundsTest, DecimalsTakeTheFewestBigEndianBytes) {
  const std::pair<int64_t, std::string> cases[] = {
      {0, "\0"s},       {1, "\x01"s},      {127, "\x7F"s},      {128, "\0\x80"s},
      {-1, "\xFF"s},    {-128, "\x80"s},   {-129, "\xFF\x7F"s}, {255, "\0\xFF"s},
      {256, "\x01\0"s}, {-256, "\xFF\0"s}, {-257, "\xFE\xFF"s},
  };
  for (const auto& [value, bytes] : cases) {
    EXPECT_EQ(IntegerBytes(TypeKind::kDecimal, value), bytes) << value;
  }
  Int128 most = 1;
  for (int i = 0; i < 38; ++i) most *= 10;
  EXPECT_EQ(IntegerBytes(TypeKind::kDecimal, most - 1),
            "\x4B\x3B\x4C\xA8\x5A\x86\xC4\x7A\x09\x8A\x22\x3F\xFF\xFF\xFF\xFF"s);
  EXPECT_EQ(IntegerBytes(TypeKind::kDecimal, 1 - most),
            "\xB4\xC4\xB3\x57\xA5\x79\x3B\x85\xF6\x75\xDD\xC0\0\0\0\x01"s);
}

TEST(ParquetBoundsTest, FloatsKeepTheSignOfZero) {
  EXPECT_EQ(FloatBytes(TypeKind::kFloat, -0.0), "\0\0\0\x80"s);
  EXPECT_EQ(FloatBytes(TypeKind::kDouble, 0.0), std::string(8, '\0'));
  EXPECT_EQ(FloatBytes(TypeKind::kDouble, std::numeric_limits<double>::infinity()),
            "\0\0\0\0\0\0\xF0\x7F"s);
}

TEST(ParquetBoundsTest, ShortValuesAreTheirOwnBounds) {
  const std::string text = "0123456789abcde\xF0\x9F\x98\x80";  // 16 code points
  EXPECT_EQ(LowerBound(TypeKind::kString, text), text);
  EXPECT_EQ(UpperBound(TypeKind::kString, text), text);
  EXPECT_EQ(UpperBound(TypeKind::kString, ""), "");
  const std::string bytes(16, '\xFF');
  EXPECT_EQ(LowerBound(TypeKind::kBinary, bytes), bytes);
  EXPECT_EQ(UpperBound(TypeKind::kBinary, bytes), bytes);
}

TEST(ParquetBoundsTest, LongTextsAreCutAtSixteenCodePointsAndRoundedOutwards) {
  const std::string filler = "0123456789abcde";  // and one more makes 16
  const std::pair<std::string, std::optional<std::string>> cases[] = {
      {"y", filler + "z"},
      {"\x7F", filler + "\xC2\x80"},
      {"\xDF\xBF", filler + "\xE0\xA0\x80"},
      {"\xED\x9F\xBF", filler + "\xEE\x80\x80"},      // U+D7FF skips the surrogates
      {"\xEF\xBF\xBF", filler + "\xF0\x90\x80\x80"},  // U+FFFF
      {"\xF0\x9F\x98\x80", filler + "\xF0\x9F\x98\x81"},
      {"\xF4\x8F\xBF\xBF", "0123456789abcdf"},  // U+10FFFF carries to the left
  };
  for (const auto& [last, upper] : cases) {
    EXPECT_EQ(LowerBound(TypeKind::kString, filler + last + "!"), filler + last);
    EXPECT_EQ(UpperBound(TypeKind::kString, filler + last + "!"), upper);
  }
}

TEST(ParquetBoundsTest, NoUpperBoundWhereNoneIsShortEnough) {
  std::string text;
  for (int i = 0; i < 17; ++i) text += "\xF4\x8F\xBF\xBF";
  EXPECT_EQ(LowerBound(TypeKind::kString, text), text.substr(0, 64));
  EXPECT_EQ(UpperBound(TypeKind::kString, text), std::nullopt);
  EXPECT_EQ(UpperBound(TypeKind::kBinary, std::string(17, '\xFF')), std::nullopt);
}

TEST(ParquetBoundsTest, LongBinaryIsCutAtSixteenBytes) {
  const std::string bytes = "\x01"s + std::string(14, 'a') + "\xFF\x02"s;
  EXPECT_EQ(LowerBound(TypeKind::kBinary, bytes), bytes.substr(0, 16));
  EXPECT_EQ(UpperBound(TypeKind::kBinary, bytes), "\x01"s + std::string(13, 'a') + "b");
}

}  // namespace
}  // namespace sluice
