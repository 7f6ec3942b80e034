#include "pipeline/offsets.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

// Partition 0 lost offsets 10 to 29 for the warehouse and 5 to 29 for the lake; 1 lost nothing.
LogOffsets Lossy() {
  return {.log = LogId{1},
          .topic = {},
          .partitions = {{PartitionId{0},
                          {{Sink::kWarehouse, Offset{10}}, {Sink::kLake, Offset{5}}},
                          {Offset{30}, Offset{100}}},
                         {PartitionId{1},
                          {{Sink::kWarehouse, Offset{8}}, {Sink::kLake, Offset{8}}},
                          {Offset{0}, Offset{8}}}}};
}

TEST(Offsets, OnlyWhatIsLostIsSkippedUnlessAskedFor) {
  EXPECT_EQ(Lossy().partitions[0].lost(), 25);
  EXPECT_EQ(Lossy().partitions[1].lost(), 0);
  const auto skips = PlanSkips(Lossy(), {}, {});
  ASSERT_TRUE(skips);
  ASSERT_EQ(skips->size(), 2);
  EXPECT_EQ((*skips)[0].sink, Sink::kWarehouse);
  EXPECT_EQ((*skips)[0].from, Offset{10});
  EXPECT_EQ((*skips)[1].from, Offset{5});
  for (const Skip& skip : *skips) {
    EXPECT_EQ(skip.partition, PartitionId{0});
    EXPECT_EQ(skip.to, Offset{30});
  }
}

TEST(Offsets, APartitionGoesAheadToAnOffsetOrToTheEnd) {
  const std::vector<PartitionId> first{{0}};
  const auto one = PlanSkips(Lossy(), first, {SkipTo::kOffset, Offset{8}});
  ASSERT_TRUE(one);
  ASSERT_EQ(one->size(), 1);
  EXPECT_EQ((*one)[0].sink, Sink::kLake);
  const auto all = PlanSkips(Lossy(), first, {SkipTo::kLatest, {}});
  ASSERT_TRUE(all);
  EXPECT_EQ((*all)[0].to, Offset{100});
}

TEST(Offsets, AMarkNeverGoesBackNorBeyondTheEnd) {
  const std::vector<PartitionId> first{{0}};
  const auto back = PlanSkips(Lossy(), first, {SkipTo::kOffset, Offset{4}});
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().kind, ErrorKind::kUsage);
  EXPECT_FALSE(PlanSkips(Lossy(), first, {SkipTo::kOffset, Offset{101}}));
  const std::vector<PartitionId> unknown{{7}};
  EXPECT_FALSE(PlanSkips(Lossy(), unknown, {}));
}

}  // namespace
}  // namespace sluice
