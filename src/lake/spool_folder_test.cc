#include "lake/spool_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/types.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

class SpoolFolderTest : public ::testing::Test {
 protected:
  void TearDown() override { fs::remove_all(shared_); }
  size_t Folders() const {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(shared_)) count += entry.is_directory();
    return count;
  }
  const std::string shared_ = fs::temp_directory_path() / ("sluice-spool-" + Uuid::Random().value);
};

TEST_F(SpoolFolderTest, GoesWithItsOwner) {
  auto first = SpoolFolder::Make(shared_);
  ASSERT_TRUE(first.has_value());
  std::ofstream((*first)->path() + "/x.parquet") << "rows";
  auto second = SpoolFolder::Make(shared_);
  ASSERT_TRUE(second.has_value());
  EXPECT_NE((*first)->path(), (*second)->path());
  EXPECT_TRUE(fs::exists((*first)->path() + "/x.parquet")) << "a live one was removed";
  first->reset();
  EXPECT_EQ(Folders(), 1U);
}

TEST_F(SpoolFolderTest, WhatTheDeadLeftIsRemoved) {
  const pid_t child = fork();
  if (child == 0) {
    auto spool = SpoolFolder::Make(shared_);
    if (spool) std::ofstream((*spool)->path() + "/x.parquet") << "rows";
    _exit(spool ? 0 : 1);  // no destructor runs, as with kill -9
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(Folders(), 1U);
  auto spool = SpoolFolder::Make(shared_);
  ASSERT_TRUE(spool.has_value());
  EXPECT_EQ(Folders(), 1U);
  EXPECT_FALSE(fs::exists((*spool)->path() + "/x.parquet"));
}

TEST_F(SpoolFolderTest, APlaceThatCannotBeWrittenIsNamed) {
  const auto spool = SpoolFolder::Make("/proc/sluice/spool");
  ASSERT_FALSE(spool.has_value());
  EXPECT_NE(spool.error().message.find("/proc/sluice/spool"), std::string::npos);
}

}  // namespace
}  // namespace sluice
