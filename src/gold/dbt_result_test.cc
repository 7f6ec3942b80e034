#include "gold/dbt_result.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

std::string NodeText(const std::string& kind, const std::string& status,
                     const std::string& failures) {
  return R"({"event":"node","unique_id":"u","name":"n","kind":")" + kind + R"(","status":")" +
         status + R"(","message":"m","seconds":0.25,"failures":)" + failures + "}";
}

TEST(DbtResult, ReadsANode) {
  const auto event = ParseDbtEvent(NodeText("test", "fail", "3"));
  ASSERT_TRUE(event);
  const auto& node = std::get<NodeResult>(*event);
  EXPECT_EQ(node.kind, "test");
  EXPECT_EQ(node.status, "fail");
  EXPECT_EQ(node.failures, 3);
  EXPECT_DOUBLE_EQ(node.seconds, 0.25);
}

TEST(DbtResult, CountsByKindAndStatus) {
  const std::string nodes =
      NodeText("model", "success", "null") + "," + NodeText("model", "error", "null") + "," +
      NodeText("model", "skipped", "null") + "," + NodeText("test", "pass", "0") + "," +
      NodeText("test", "warn", "1") + "," + NodeText("unit_test", "fail", "2") + "," +
      NodeText("exposure", "no-op", "null");
  const auto event = ParseDbtEvent(
      R"({"event":"result","ok":false,"seconds":1.5,"started_at":"2026-01-31T12:00:00.000Z",)"
      R"("invocation_id":"i","nodes":[)" +
      nodes + "]}");
  ASSERT_TRUE(event);
  const auto& build = std::get<BuildResult>(*event);
  EXPECT_FALSE(build.ok);
  EXPECT_EQ(build.nodes.size(), 7u);
  EXPECT_EQ(build.models, 3);
  EXPECT_EQ(build.tests, 3);
  EXPECT_EQ(build.passed, 2);
  EXPECT_EQ(build.warned, 1);
  EXPECT_EQ(build.failed, 1);
  EXPECT_EQ(build.errored, 1);
  EXPECT_EQ(build.skipped, 1);
  EXPECT_FALSE(build.nodes[0].failures);
}

TEST(DbtResult, ReadsAnError) {
  const auto kind = [](const std::string& name) {
    const auto event =
        ParseDbtEvent(R"({"event":"error","message":"m","hint":"h","kind":")" + name + R"("})");
    return std::get<Error>(*event).kind;
  };
  EXPECT_EQ(kind("config"), ErrorKind::kInvalidConfig);
  EXPECT_EQ(kind("retryable"), ErrorKind::kRetryable);
  EXPECT_EQ(kind("fatal"), ErrorKind::kFatal);
}

TEST(DbtResult, RefusesWhatItDoesNotKnow) {
  for (const auto* line : {"", "{", "[]", "{}", "12:00 Running with dbt", R"({"event":"party"})",
                           R"({"event":"node"})", R"({"event":"result","ok":1})",
                           R"({"event":"node","unique_id":null})", "\xff\xfe"}) {
    const auto event = ParseDbtEvent(line);
    ASSERT_FALSE(event) << line;
    EXPECT_EQ(event.error().kind, ErrorKind::kFatal);
  }
}

}  // namespace
}  // namespace sluice
