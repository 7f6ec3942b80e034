#include "lake/parquet_rle.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace sluice {
namespace {

using namespace std::string_literals;

// Reads what Encodings.md says of the hybrid, one bit after the other.
class HybridReader {
 public:
  HybridReader(std::string_view bytes, uint32_t width) : bytes_(bytes), width_(width) {}

  std::vector<uint32_t> Read(size_t count) {
    std::vector<uint32_t> values;
    while (values.size() < count) {
      const uint64_t header = Varint();
      if ((header & 1) != 0) {
        for (uint64_t i = 0; i < (header >> 1) * 8; ++i) values.push_back(Packed(i));
        at_ += (header >> 1) * width_;
      } else {
        uint32_t value = 0;
        for (uint32_t i = 0; i < (width_ + 7) / 8; ++i) value |= uint32_t{Byte(at_++)} << (8 * i);
        values.insert(values.end(), header >> 1, value);
      }
    }
    values.resize(count);
    return values;
  }
  bool AtEnd() const { return at_ == bytes_.size(); }

 private:
  uint8_t Byte(size_t at) const { return static_cast<uint8_t>(bytes_.at(at)); }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const uint8_t byte = Byte(at_++);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
  }
  uint32_t Packed(uint64_t index) const {
    uint32_t value = 0;
    for (uint32_t bit = 0; bit < width_; ++bit) {
      const uint64_t place = index * width_ + bit;
      value |= uint32_t{Byte(at_ + place / 8) >> (place % 8) & 1u} << bit;
    }
    return value;
  }

  std::string_view bytes_;
  uint32_t width_;
  size_t at_ = 0;
};

void ExpectSame(const std::vector<uint32_t>& values, uint32_t width) {
  ByteBuffer bytes;
  AppendHybrid<uint32_t>(values, width, bytes);
  HybridReader reader(bytes.view(), width);
  EXPECT_EQ(reader.Read(values.size()), values);
  EXPECT_TRUE(reader.AtEnd());
}

TEST(ParquetRleTest, PacksAsTheSpecificationsExample) {
  const std::vector<uint32_t> values{0, 1, 2, 3, 4, 5, 6, 7};
  ByteBuffer bytes;
  AppendHybrid<uint32_t>(values, 3, bytes);
  EXPECT_EQ(bytes.view(), "\x03\x88\xC6\xFA"s);
}

TEST(ParquetRleTest, RunsAreWrittenOnce) {
  ByteBuffer bytes;
  AppendHybrid<uint8_t>(std::vector<uint8_t>(1'000, 1), 1, bytes);
  EXPECT_EQ(bytes.view(), "\xD0\x0F\x01"s);
  ByteBuffer run;
  AppendRun(1, 1'000, 1, run);
  EXPECT_EQ(run.view(), bytes.view());
}

TEST(ParquetRleTest, RunsBehindPackedValuesFillTheirGroup) {
  // Three values and five of the run make a group; the other eleven are a run.
  std::vector<uint32_t> values{1, 2, 3};
  values.insert(values.end(), 16, 7);
  ByteBuffer bytes;
  AppendHybrid<uint32_t>(values, 8, bytes);
  EXPECT_EQ(bytes.view(), "\x03\x01\x02\x03\x07\x07\x07\x07\x07\x16\x07"s);
  ExpectSame(values, 8);
}

TEST(ParquetRleTest, ComesBackWhateverTheRuns) {
  std::mt19937 random(7);  // NOLINT: the same every time
  for (int round = 0; round < 2'000; ++round) {
    const uint32_t width = 1 + random() % 20;
    std::vector<uint32_t> values;
    const size_t runs = random() % 12;
    for (size_t i = 0; i < runs; ++i) {
      const size_t length = 1 + random() % (random() % 3 == 0 ? 40 : 4);
      values.insert(values.end(), length, random() & ((1u << width) - 1));
    }
    ExpectSame(values, width);
  }
}

TEST(ParquetRleTest, WidthsHoldTheirGreatest) {
  EXPECT_EQ(BitWidth(0), 1u);
  EXPECT_EQ(BitWidth(1), 1u);
  EXPECT_EQ(BitWidth(2), 2u);
  EXPECT_EQ(BitWidth(4'095), 12u);
}

}  // namespace
}  // namespace sluice
