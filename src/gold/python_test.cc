#include "gold/python.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/types.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Keeps the environment as it was, and makes programs that only have to be there.
class PythonTest : public testing::Test {
 protected:
  PythonTest() : folder_(fs::temp_directory_path() / ("sluice-" + Uuid::Random().value)) {
    const char* path = std::getenv("PATH");
    path_ = path ? path : "";
    unsetenv("SLUICE_DBT_PYTHON");
    setenv("PATH", "/nowhere", 1);
    fs::create_directories(folder_ / "deep/project");
  }
  ~PythonTest() override {
    setenv("PATH", path_.c_str(), 1);
    unsetenv("SLUICE_DBT_PYTHON");
    fs::remove_all(folder_);
  }

  std::string Program(const fs::path& name, const std::string& text = "#!/bin/sh\n") {
    const auto path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  Result<std::string> Find(const std::string& configured = "") {
    const std::array below{(folder_ / "deep/project").string()};
    return FindDbtPython(configured, below);
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(PythonTest, TakesTheConfiguredOneFirst) {
  const auto configured = Program("mine/python");
  setenv("SLUICE_DBT_PYTHON", Program("other/python").c_str(), 1);
  EXPECT_EQ(Find(configured), configured);
}

TEST_F(PythonTest, ThenTheVariables) {
  const auto python = Program("other/python");
  setenv("SLUICE_DBT_PYTHON", python.c_str(), 1);
  Program(".deps/dbt/bin/python");
  EXPECT_EQ(Find(), python);
}

TEST_F(PythonTest, ThenTheOneAbove) {
  const auto python = Program(".deps/dbt/bin/python");
  EXPECT_EQ(Find(), python);
}

TEST_F(PythonTest, ThenTheOneThatRunsDbt) {
  const auto python = Program("venv/bin/python3");
  Program("bin/dbt", "#!" + python + " -E\nimport dbt\n");
  setenv("PATH", ("/nowhere::" + (folder_ / "bin").string()).c_str(), 1);
  EXPECT_EQ(Find(), python);

  const auto beside = Program("bin2/python");
  Program("bin2/dbt", "#!/usr/bin/env python3\n");
  setenv("PATH", (folder_ / "bin2").c_str(), 1);
  EXPECT_EQ(Find(), beside);
}

TEST_F(PythonTest, KnowsWhereThisProgramLies) {
  EXPECT_TRUE(fs::exists(fs::path(ProgramFolder()) / "gold_test"));
}

TEST_F(PythonTest, NamesTheCureWhenThereIsNone) {
  const auto absent = Find("/no/python");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_THAT(absent.error().message, HasSubstr("/no/python"));
  EXPECT_THAT(absent.error().hint, HasSubstr("scripts/deps"));
  setenv("SLUICE_DBT_PYTHON", folder_.c_str(), 1);
  EXPECT_THAT(Find().error().message, HasSubstr("SLUICE_DBT_PYTHON"));
}

TEST_F(PythonTest, HandsOnOnlyWhatIsNeeded) {
  setenv("AWS_SECRET_ACCESS_KEY", "canary", 1);
  setenv("PATHOLOGICAL", "canary", 1);
  setenv("DBT_COLOUR", "blue", 1);
  setenv("PGSSLMODE", "prefer", 1);
  const auto environment = DbtEnvironment();
  unsetenv("AWS_SECRET_ACCESS_KEY");
  unsetenv("PATHOLOGICAL");
  unsetenv("DBT_COLOUR");
  unsetenv("PGSSLMODE");
  EXPECT_THAT(environment, Contains("PATH=/nowhere"));
  EXPECT_THAT(environment, Contains("DBT_COLOUR=blue"));
  EXPECT_THAT(environment, Contains("PGSSLMODE=prefer"));
  EXPECT_THAT(environment, Not(Contains(HasSubstr("canary"))));
}

}  // namespace
}  // namespace sluice
