#include "gold/dbt.h"

#include <gmock/gmock.h>

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "gold/dbt_fixture_test.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Failures(const BuildResult& build) {
  std::string text;
  for (const auto& node : build.nodes) {
    if (node.status == "fail" || node.status == "error") {
      text += node.name + ": " + node.message + "\n";
    }
  }
  return text;
}

const NodeResult* Find(const BuildResult& build, const std::string& name) {
  const auto node = std::ranges::find(build.nodes, name, &NodeResult::name);
  return node == build.nodes.end() ? nullptr : &*node;
}

TEST_F(DbtTest, BuildsTheBooks) {
  std::vector<std::string> finished;
  auto options = Options();
  options.on_node = [&](const NodeResult& node) { finished.push_back(node.name); };
  auto worker = DbtWorker::Make(options).value();
  ASSERT_TRUE(worker->Start());
  const auto first = worker->Build({});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(first->ok) << Failures(*first);
  EXPECT_EQ(first->models, 3);
  EXPECT_EQ(first->tests, 22);
  EXPECT_EQ(first->passed, 26);  // the source is fresh
  EXPECT_EQ(first->failed + first->errored + first->warned + first->skipped, 0);
  EXPECT_EQ(first->invocation_id.size(), 36u);
  EXPECT_THAT(first->started_at, testing::MatchesRegex("....-..-..T..:..:..\\....Z"));
  EXPECT_THAT(finished, testing::IsSupersetOf({"stg_books", "dim_author", "fact_books"}));

  const auto second = worker->Build({});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_TRUE(second->ok) << Failures(*second);
  EXPECT_NE(second->invocation_id, first->invocation_id);
  fmt::print("first build {:.2f} s, second {:.2f} s\n", first->seconds, second->seconds);

  EXPECT_EQ(postgres_->Value("SELECT count(*) FROM fact_books"), "174");
  EXPECT_EQ(postgres_->Value("SELECT count(*) FROM dim_author"), "157");
  EXPECT_EQ(postgres_->Value("SELECT sum(sales_millions) = 5236.9 FROM fact_books"), "True");
  EXPECT_EQ(postgres_->Value("SELECT sum(total_sales_millions) = 5236.9 FROM dim_author"), "True");
  EXPECT_EQ(postgres_->Value("SELECT count(*) FROM fact_books WHERE genre = 'Unknown'"), "56");
  EXPECT_FALSE(fs::exists(folder_ / "project/target"));
  EXPECT_FALSE(fs::exists(folder_ / "project/logs"));
}

TEST_F(DbtTest, FollowsTheWarehouse) {
  auto worker = DbtWorker::Make(Options()).value();
  ASSERT_TRUE(worker->Build({})->ok);
  postgres_->Do("CREATE VIEW reader AS SELECT count(*) FROM fact_books");
  postgres_->Do("UPDATE books_silver SET sales_millions = 201 WHERE authors = 'Charles Dickens'");
  postgres_->Do("DELETE FROM books_silver WHERE authors = 'Cao Xueqin'");
  ASSERT_TRUE(worker->Build({})->ok);
  EXPECT_EQ(postgres_->Value("SELECT * FROM reader"), "173");
  EXPECT_EQ(postgres_->Value("SELECT count(*) FROM dim_author"), "156");
  EXPECT_EQ(postgres_->Value("SELECT sum(sales_millions) FROM fact_books"), "5137.90");

  postgres_->Do("UPDATE books_silver SET sales_millions = NULL WHERE authors = 'C. S. Lewis'");
  const auto failing = worker->Build({});
  ASSERT_TRUE(failing) << failing.error().message;
  EXPECT_FALSE(failing->ok);
  EXPECT_EQ(failing->failed, 1);
  EXPECT_EQ(failing->errored, 0);
  const auto* test = Find(*failing, "not_null_fact_books_sales_millions");
  ASSERT_TRUE(test);
  EXPECT_EQ(test->status, "fail");
  EXPECT_EQ(test->failures, 1);
  EXPECT_THAT(test->message, HasSubstr("1"));

  postgres_->Do("DROP TABLE books_silver CASCADE");
  const auto broken = worker->Build({});
  ASSERT_TRUE(broken) << broken.error().message;
  EXPECT_FALSE(broken->ok);
  EXPECT_GT(broken->errored, 0);
  EXPECT_GT(broken->skipped, 0);
}

TEST_F(DbtTest, TellsWhenASourceIsStale) {
  auto worker = DbtWorker::Make(Options()).value();
  postgres_->Do("UPDATE books_silver SET ingested_at = now() - interval '3 days'");
  const auto old = worker->Build({});
  ASSERT_TRUE(old) << old.error().message;
  EXPECT_TRUE(old->ok) << Failures(*old);
  EXPECT_EQ(old->warned, 1);

  postgres_->Do("UPDATE books_silver SET ingested_at = now() - interval '8 days'");
  const auto stale = worker->Build({});
  ASSERT_TRUE(stale) << stale.error().message;
  EXPECT_FALSE(stale->ok);
  EXPECT_EQ(stale->failed, 1);
  const auto* source = Find(*stale, "books_silver");
  ASSERT_TRUE(source);
  EXPECT_EQ(source->kind, "source");
  EXPECT_THAT(source->message,
              HasSubstr("192.0 hours old (warn after 1 day and error after 7 day"));
}

TEST_F(DbtTest, FollowsTheProject) {
  auto worker = DbtWorker::Make(Options()).value();
  EXPECT_EQ(worker->Build({})->models, 3);
  // What a project prints must not reach the protocol, and an ephemeral model must not wear out.
  Write("models/marts/part.sql", "{{ config(materialized='ephemeral') }} select 1 as one");
  Write("models/marts/loud.sql",
        "{{ print('{}') }}{{ log('loud', info=true) }} select one from {{ ref('part') }}");
  for (int i = 0; i < 2; ++i) {
    const auto more = worker->Build({});
    ASSERT_TRUE(more) << more.error().message;
    EXPECT_TRUE(more->ok) << Failures(*more);
    EXPECT_TRUE(Find(*more, "loud"));
  }
  Write("models/marts/loud.sql", "select {{ ref('nothing') }}");
  const auto broken = worker->Build({});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_THAT(broken.error().message, HasSubstr("nothing"));

  Remove("models/marts/loud.sql");
  const auto mended = worker->Build({});
  ASSERT_TRUE(mended) << mended.error().message;
  EXPECT_EQ(mended->models, 3);
}

TEST_F(DbtTest, ThePasswordStaysInMemory) {
  postgres_->Do(R"(DROP ROLE IF EXISTS locked;
                   CREATE ROLE locked SUPERUSER LOGIN PASSWORD 'cana''ry \pass')");
  auto options = Options();
  options.conninfo = fmt::format("postgresql://locked@/postgres?host={}&connect_timeout=5&sslsni=1",
                                 postgres_->folder);
  EXPECT_EQ(DbtWorker::Make(options).value()->Build({}).error().kind, ErrorKind::kRetryable);
  options.password = "cana'ry \\pass";
  auto worker = DbtWorker::Make(options).value();
  const auto build = worker->Build({});
  ASSERT_TRUE(build) << build.error().message;
  EXPECT_TRUE(build->ok) << Failures(*build);
  const auto process = fs::path("/proc") / std::to_string(WorkerPid());
  EXPECT_THAT(ReadFile(process / "cmdline"), Not(HasSubstr("cana")));
  EXPECT_THAT(ReadFile(process / "environ"), Not(HasSubstr("cana")));
  int64_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / ".sluice")) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_THAT(ReadFile(entry.path()), Not(HasSubstr("cana"))) << entry.path();
  }
  EXPECT_GT(files, 5);
}

TEST_F(DbtTest, TwoProcessesTakeTurns) {
  auto other_options = Options();
  other_options.state_folder += "2";
  auto other = DbtWorker::Make(other_options).value();
  auto worker = DbtWorker::Make(Options()).value();
  ASSERT_TRUE(other->Start());
  for (int i = 0; i < 2; ++i) {
    bool other_ok = false;
    {
      std::jthread beside([&] { other_ok = other->Build({}).value().ok; });
      const auto build = worker->Build({});
      ASSERT_TRUE(build) << build.error().message;
      EXPECT_TRUE(build->ok) << Failures(*build);
    }
    EXPECT_TRUE(other_ok);
  }
}

}  // namespace
}  // namespace sluice
