#include "core/failpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "core/clock.h"

// A build without failpoints has nothing to test.
#ifdef SLUICE_FAILPOINTS

namespace sluice {
namespace {

using ::testing::KilledBySignal;

Failpoints Parsed(std::string_view text) {
  return Failpoints(ParseFailpoints(text).value());
}

int CountHits(Failpoints& failpoints, std::string_view name, int tries) {
  int hits = 0;
  for (int i = 0; i < tries; ++i) hits += failpoints.Hit(name) ? 0 : 1;
  return hits;
}

TEST(FailpointTest, FailsWithTheKindItWasTold) {
  Failpoints failpoints = Parsed("a:error:1:7,b.lake:error:1:7:commit_unknown");
  EXPECT_EQ(failpoints.Hit("a").error().kind, ErrorKind::kRetryable);
  EXPECT_EQ(failpoints.Hit("b.lake").error().kind, ErrorKind::kCommitUnknown);
  EXPECT_TRUE(failpoints.Hit("b.warehouse"));
  EXPECT_TRUE(failpoints.Hit("ab"));
}

TEST(FailpointTest, TheSameSeedDrawsTheSame) {
  std::vector<bool> first, second;
  Failpoints one = Parsed("s*:error:0.5:42"), two = Parsed("s*:error:0.5:42");
  for (int i = 0; i < 100; ++i) first.push_back(one.Hit("s1").has_value());
  for (int i = 0; i < 100; ++i) second.push_back(two.Hit("s2").has_value());
  EXPECT_EQ(first, second);
  EXPECT_NE(std::count(first.begin(), first.end(), true), 0);
  EXPECT_NE(std::count(first.begin(), first.end(), false), 0);
}

TEST(FailpointTest, ActsAtMostSoOften) {
  Failpoints failpoints = Parsed("a:error:1:7::3");
  EXPECT_EQ(CountHits(failpoints, "a", 10), 3);
}

TEST(FailpointTest, Delays) {
  Failpoints failpoints = Parsed("a:delay:1:7:30");
  const SteadyTime start = Now();
  EXPECT_TRUE(failpoints.Hit("a"));
  EXPECT_GE(ElapsedMs(start), 30);
}

TEST(FailpointTest, Kills) {
  Failpoints failpoints = Parsed("a:kill:1:7");
  EXPECT_EXIT(static_cast<void>(failpoints.Hit("a")), KilledBySignal(SIGKILL), "");
}

TEST(FailpointTest, RefusesWhatItCannotRead) {
  for (const char* text : {"", "a", "a:kill", "a:die:1:7", "a:kill:x:7", "a:kill:1:y", ":kill:1:7",
                           "a:delay:1:7", "a:error:1:7:odd", "a:kill:1:7:9", "a:kill:1:7::many"}) {
    EXPECT_FALSE(ParseFailpoints(text)) << text;
  }
}

}  // namespace
}  // namespace sluice

#endif
