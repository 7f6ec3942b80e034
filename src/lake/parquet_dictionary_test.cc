#include "lake/parquet_dictionary.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace sluice {
namespace {

TEST(ParquetDictionaryTest, NumbersValuesAsTheyCome) {
  ParquetDictionary dictionary(true);
  EXPECT_EQ(dictionary.NumberOf("b"), 0u);
  EXPECT_EQ(dictionary.NumberOf(""), 1u);
  EXPECT_EQ(dictionary.NumberOf("b"), 0u);
  EXPECT_EQ(dictionary.NumberOf("bb"), 2u);
  EXPECT_EQ(dictionary.NumberOf(""), 1u);
  EXPECT_EQ(dictionary.size(), 3u);
  using namespace std::string_literals;
  EXPECT_EQ(dictionary.plain().view(), "\1\0\0\0b\0\0\0\0\2\0\0\0bb"s);
}

TEST(ParquetDictionaryTest, FixedValuesHaveNoLength) {
  ParquetDictionary dictionary(false);
  EXPECT_EQ(dictionary.NumberOf("four"), 0u);
  EXPECT_EQ(dictionary.NumberOf("five"), 1u);
  EXPECT_EQ(dictionary.plain().view(), "fourfive");
}

TEST(ParquetDictionaryTest, TellsEveryByteOfAValueApart) {
  ParquetDictionary dictionary(true);
  uint32_t known = 0;
  for (size_t size = 1; size <= 40; ++size) {
    std::string value(size, 'a');
    EXPECT_EQ(dictionary.NumberOf(value), known++);
    for (size_t at = 0; at < size; ++at) {
      std::string other = value;
      other[at] = 'b';
      EXPECT_EQ(dictionary.NumberOf(other), known++) << size << " bytes, changed at " << at;
      EXPECT_EQ(dictionary.NumberOf(other), known - 1);
    }
  }
  EXPECT_EQ(dictionary.NumberOf(std::string(3, '\0')), known++);
  EXPECT_EQ(dictionary.NumberOf(std::string(4, '\0')), known++);
  EXPECT_EQ(dictionary.NumberOf(""), known);
}

TEST(ParquetDictionaryTest, AgreesWithAMapWhileItGrows) {
  ParquetDictionary dictionary(true);
  for (int round = 0; round < 3; ++round) {
    std::map<std::string, uint32_t> numbers;
    std::mt19937 random(static_cast<uint32_t>(round));  // NOLINT: the same every time
    for (int i = 0; i < 20'000; ++i) {
      const uint32_t seed = random() % 7'000;
      const std::string value = std::string(seed % 19, 'x') + fmt::format("{}", seed);
      const auto known = numbers.emplace(value, static_cast<uint32_t>(numbers.size())).first;
      ASSERT_EQ(dictionary.NumberOf(value), known->second);
    }
    EXPECT_EQ(dictionary.size(), numbers.size());
    dictionary.Clear();
    EXPECT_EQ(dictionary.size(), 0u);
  }
  EXPECT_GT(dictionary.RoomBytes(), 100'000);
  dictionary.Drop();
  EXPECT_EQ(dictionary.RoomBytes(), 0);
}

}  // namespace
}  // namespace sluice
