#include "gold/schedule.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <semaphore>
#include <vector>

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// A dbt whose builds the test lets through one by one.
class ManualDbt {
 public:
  Result<BuildResult> Build(std::stop_token stop) {
    const std::stop_callback wake(stop, [this] { let_through.release(); });
    ++begun;
    started.release();
    let_through.acquire();
    if (stop.stop_requested()) return Fail(ErrorKind::kShutdown, "asked to stop");
    return outcome(begun);
  }

  GoldOptions Options(milliseconds every) {
    return {.every = every,
            .build = [this](std::stop_token stop) { return Build(stop); },
            .on_result =
                [this](const auto& result) {
                  results.push_back(result);
                  reported.release();
                }};
  }

  std::atomic<int> begun = 0;
  std::counting_semaphore<> started{0};
  std::counting_semaphore<> let_through{0};
  std::counting_semaphore<> reported{0};
  std::vector<Result<BuildResult>> results;
  std::function<Result<BuildResult>(int)> outcome = [](int number) -> Result<BuildResult> {
    return BuildResult{.ok = true, .invocation_id = std::to_string(number)};
  };
};

TEST(Schedule, DoesNothingUnasked) {
  ManualDbt dbt;
  {
    GoldRunner runner(dbt.Options(milliseconds(0)));
  }
  EXPECT_EQ(dbt.begun, 0);
}

TEST(Schedule, BuildsAfterACommit) {
  ManualDbt dbt;
  dbt.let_through.release();
  GoldRunner runner(dbt.Options(hours(1)));
  runner.NotifyCommit();
  dbt.reported.acquire();
  EXPECT_EQ(dbt.results.at(0)->invocation_id, "1");
}

TEST(Schedule, CommitsDuringABuildMakeOneMore) {
  ManualDbt dbt;
  GoldRunner runner(dbt.Options(milliseconds(0)));
  runner.NotifyCommit();
  dbt.started.acquire();
  for (int i = 0; i < 5; ++i) runner.NotifyCommit();
  dbt.let_through.release(2);
  dbt.reported.acquire();
  dbt.reported.acquire();
  dbt.let_through.release();
  ASSERT_TRUE(runner.BuildNow());
  EXPECT_EQ(dbt.begun, 3);
}

TEST(Schedule, WaitsForItsTurn) {
  ManualDbt dbt;
  dbt.let_through.release(2);
  GoldRunner runner(dbt.Options(hours(1)));
  runner.NotifyCommit();
  dbt.started.acquire();
  dbt.reported.acquire();
  runner.NotifyCommit();
  EXPECT_FALSE(dbt.started.try_acquire_for(milliseconds(50)));
}

TEST(Schedule, BuildNowDoesNotWaitForItsTurn) {
  ManualDbt dbt;
  dbt.let_through.release(2);
  GoldRunner runner(dbt.Options(hours(1)));
  runner.NotifyCommit();
  dbt.reported.acquire();
  const auto build = runner.BuildNow();
  ASSERT_TRUE(build);
  EXPECT_EQ(build->invocation_id, "2");
}

TEST(Schedule, BuildNowIsNotAnsweredByABuildThatBeganBefore) {
  ManualDbt dbt;
  GoldRunner runner(dbt.Options(milliseconds(0)));
  runner.NotifyCommit();
  dbt.started.acquire();
  std::string answer;
  std::jthread asker([&] { answer = runner.BuildNow()->invocation_id; });
  std::this_thread::sleep_for(milliseconds(20));  // so that it asks during the first build
  dbt.let_through.release(2);
  asker.join();
  EXPECT_EQ(answer, "2");
}

TEST(Schedule, TriesAgainWhenTheWarehouseWasAway) {
  ManualDbt dbt;
  dbt.outcome = [](int number) -> Result<BuildResult> {
    if (number < 3) return Fail(ErrorKind::kRetryable, "away");
    return BuildResult{.ok = true};
  };
  dbt.let_through.release(3);
  GoldRunner runner(dbt.Options(milliseconds(1)));
  runner.NotifyCommit();
  for (int i = 0; i < 3; ++i) dbt.reported.acquire();
  EXPECT_FALSE(dbt.results[1]);
  EXPECT_TRUE(dbt.results[2]);
}

TEST(Schedule, DoesNotRepeatWhatCannotSucceed) {
  ManualDbt dbt;
  dbt.outcome = [](int number) -> Result<BuildResult> {
    if (number == 1) return Fail(ErrorKind::kInvalidConfig, "does not parse");
    return BuildResult{.ok = true};
  };
  dbt.let_through.release(4);
  GoldRunner runner(dbt.Options(milliseconds(0)));
  const auto failed = runner.BuildNow();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_TRUE(runner.BuildNow());
  EXPECT_EQ(dbt.begun, 2);
}

TEST(Schedule, TheEndCancelsABuild) {
  ManualDbt dbt;
  {
    GoldRunner runner(dbt.Options(milliseconds(0)));
    runner.NotifyCommit();
    dbt.started.acquire();
  }
  ASSERT_EQ(dbt.results.size(), 1u);
  EXPECT_EQ(dbt.results[0].error().kind, ErrorKind::kShutdown);
}

}  // namespace
}  // namespace sluice
