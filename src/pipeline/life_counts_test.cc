#include "pipeline/life_counts.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(LifeCountsTest, EachLifeAddsToTheSums) {
  WorkerStatus status;
  {
    LifeCounts counts;
    const BuildCounters built{.expectations = {{"positive", 2}}, .nan_as_null = 3};
    counts.AddTo(status, {.retries = 1, .fenced = 1}, built, {.gap_offsets = 3});
    counts.AddTo(status, {.retries = 4, .fenced = 1, .doubts = 2}, built,
                 {.gap_offsets = 5, .broker_errors = 1});
  }
  EXPECT_EQ(status.retries, 4);
  EXPECT_EQ(status.fenced, 1);
  LifeCounts next_life;
  next_life.AddTo(status, {.retries = 1, .fenced = 1},
                  {.expectations = {{"positive", 5}}, .nan_as_null = 1},
                  {.gap_offsets = 2, .broker_errors = 4});
  EXPECT_EQ(status.retries, 5);
  EXPECT_EQ(status.fenced, 2);
  EXPECT_EQ(status.doubts, 2);
  EXPECT_EQ(status.nan_as_null, 4);
  EXPECT_EQ(status.gap_offsets, 7);
  EXPECT_EQ(status.broker_errors, 5);
  EXPECT_EQ(status.expectations.at("positive"), 7);
}

}  // namespace
}  // namespace sluice
