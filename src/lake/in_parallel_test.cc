#include "lake/in_parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace sluice {
namespace {

TEST(InParallelTest, DoesEachOnce) {
  for (const size_t threads : {1U, 4U, 50U}) {
    std::vector<std::atomic<int>> done(20);
    ASSERT_TRUE(InParallel(done.size(), threads, [&](size_t i) -> Status {
                  ++done[i];
                  return {};
                }).has_value());
    for (const auto& count : done) EXPECT_EQ(count, 1);
  }
  EXPECT_TRUE(InParallel(0, 4, [](size_t) { return Status(); }).has_value());
}

TEST(InParallelTest, StopsAtTheFirstFailure) {
  std::atomic<int> begun = 0;
  const Status status = InParallel(1'000, 4, [&](size_t i) -> Status {
    ++begun;
    if (i == 5) return Fail(ErrorKind::kFatal, "five");
    return {};
  });
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "five");
  EXPECT_LT(begun, 1'000);
}

}  // namespace
}  // namespace sluice
