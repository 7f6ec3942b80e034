#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <stop_token>

#include "core/clock.h"
#include "gold/dbt.h"
#include "gold/dbt_fixture_test.h"

namespace sluice {
namespace {

using testing::HasSubstr;

constexpr auto kSlowModel = "models/marts/slow.sql";
constexpr auto kSleep = "{{ config(materialized='table') }} select pg_sleep(120)::text as slept";
constexpr auto kSleeping =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sluice:dbt' "
    "AND state = 'active' AND query LIKE '%pg_sleep(120)%'";

class DbtFaultTest : public DbtTest {
 protected:
  // Polls, because the server notices a client's end in its own time.
  void ExpectNothingSleeps() {
    for (int i = 0; i < 100 && postgres_->Value(kSleeping) != "0"; ++i) postgres_->Do("SELECT 1");
    EXPECT_EQ(postgres_->Value(kSleeping), "0");
  }
};

TEST_F(DbtFaultTest, RecoversFromAKill) {
  bool kill_it = true;
  auto options = Options();
  options.on_node = [&](const NodeResult&) {
    if (std::exchange(kill_it, false)) kill(WorkerPid(), SIGKILL);
  };
  auto worker = DbtWorker::Make(options).value();
  const auto died = worker->Build({});
  ASSERT_FALSE(died);
  EXPECT_EQ(died.error().kind, ErrorKind::kRetryable);
  EXPECT_EQ(died.error().code, "child_gone");
  const auto next = worker->Build({});
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_TRUE(next->ok);

  // Between builds nobody need know.
  const pid_t pid = WorkerPid();
  kill(pid, SIGKILL);
  siginfo_t ended;
  waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT);
  const auto after = worker->Build({});
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_TRUE(after->ok);
}

TEST_F(DbtFaultTest, EndsABuildThatHangs) {
  // The limit that a healthy build keeps on this machine, as busy as it is now.
  const auto start = Now();
  ASSERT_TRUE(DbtWorker::Make(Options()).value()->Build({}));
  auto options = Options();
  options.timeout_ms = 4 * ElapsedMs(start);
  Write(kSlowModel, kSleep);
  auto worker = DbtWorker::Make(options).value();
  const auto hung = worker->Build({});
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().kind, ErrorKind::kRetryable);
  EXPECT_EQ(hung.error().code, "child_silent");
  ExpectNothingSleeps();
  Remove(kSlowModel);
  const auto next = worker->Build({});
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_TRUE(next->ok);
}

TEST_F(DbtFaultTest, StopsWhenAsked) {
  Write(kSlowModel, kSleep);
  std::stop_source stop;
  auto options = Options();
  options.on_node = [&](const NodeResult& node) {
    if (node.name == "dim_author") stop.request_stop();
  };
  auto worker = DbtWorker::Make(options).value();
  const auto stopped = worker->Build(stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::kShutdown);
  ExpectNothingSleeps();
}

TEST_F(DbtFaultTest, OutlivesTheWarehouse) {
  auto worker = DbtWorker::Make(Options()).value();
  postgres_->Do({{"stop", true}});
  const auto away = worker->Build({});
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().kind, ErrorKind::kRetryable);
  EXPECT_THAT(away.error().message, HasSubstr("dbt got no session"));
  postgres_->Do({{"start", true}});
  const auto back = worker->Build({});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(back->ok);
}

TEST_F(DbtFaultTest, RefusesWhatCannotWork) {
  const auto refused = [](DbtOptions options) {
    auto worker = DbtWorker::Make(std::move(options));
    if (worker) return (*worker)->Build({}).error();
    return worker.error();
  };
  auto options = Options();
  options.project_folder += "/models";
  EXPECT_EQ(refused(options).kind, ErrorKind::kInvalidConfig);
  EXPECT_THAT(refused(options).message, HasSubstr("dbt_project.yml"));

  options = Options();
  options.python = "/no/python";
  EXPECT_EQ(refused(options).kind, ErrorKind::kInvalidConfig);
  EXPECT_THAT(refused(options).hint, HasSubstr("scripts/deps"));

  options = Options();
  options.python = "/usr/bin/python3";
  EXPECT_EQ(refused(options).kind, ErrorKind::kInvalidConfig);
  EXPECT_THAT(refused(options).hint, HasSubstr("pip install"));

  options = Options();
  options.python = "/bin/true";
  EXPECT_EQ(refused(options).kind, ErrorKind::kRetryable);

  options = Options();
  options.conninfo = "host=localhost colour=blue";
  EXPECT_EQ(refused(options).kind, ErrorKind::kInvalidConfig);
  EXPECT_THAT(refused(options).message, HasSubstr("colour"));
}

}  // namespace
}  // namespace sluice
