#include "pipeline/offset_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sluice {
namespace {

TEST(OffsetSetTest, KnowsWhatItHas) {
  OffsetSet offsets;
  for (const int64_t offset : {0L, 1L, 63L, 64L, 65'535L, 65'536L, INT64_MAX}) {
    EXPECT_TRUE(offsets.Insert(offset)) << offset;
    EXPECT_FALSE(offsets.Insert(offset)) << offset;
  }
  EXPECT_TRUE(offsets.Insert(2));
}

TEST(OffsetSetTest, AgreesWithASet) {
  OffsetSet offsets;
  std::set<int64_t> expected;
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const int64_t offset = std::uniform_int_distribution<int64_t>(0, 300'000)(random);
    ASSERT_EQ(offsets.Insert(offset), expected.insert(offset).second);
  }
}

}  // namespace
}  // namespace sluice
