#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/gold_text.h"
#include "cli/init_files.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace sluice::cli {
namespace {

using ::testing::HasSubstr;

TEST(CliTest, TablesAlignNumbersRightAndTextLeft) {
  EXPECT_EQ(Table({"NAME", "ROWS"}, {{"raw.books", "1,740"}, {"x", "2"}}),
            "NAME        ROWS\n"
            "raw.books  1,740\n"
            "x              2\n");
}

TEST(CliTest, TablesCountWhatATerminalShows) {
  EXPECT_EQ(Table({"A", "B"}, {{"日本", "é"}, {"ab", "c"}}),
            "A     B\n"
            "日本  é\n"
            "ab    c\n");
}

TEST(CliTest, NumbersForPeople) {
  EXPECT_EQ(Rate(840), "840/s");
  EXPECT_EQ(Rate(47'000), "47k/s");
  EXPECT_EQ(Rate(1'234'567), "1.23M/s");
  EXPECT_EQ(Bytes(512), "512 B");
  EXPECT_EQ(Bytes(3 << 20), "3.0 MiB");
  EXPECT_EQ(Duration(4.25), "4.2 s");
  EXPECT_EQ(Duration(125), "2 min 05 s");
}

TEST(CliTest, InitBringsAPipelineFile) {
  bool found = false;
  for (const auto& file : InitFiles()) {
    found =
        found || (file.path == "sluice.yml" && file.content.find("pipeline:") != file.content.npos);
  }
  EXPECT_TRUE(found);
}

TEST(CliTest, GoldNamesWhatFailed) {
  BuildResult build{.ok = false, .seconds = 1.25, .models = 3, .tests = 2, .failed = 1};
  build.nodes.push_back({.unique_id = "test.a",
                         .name = "not_null_x",
                         .kind = "test",
                         .status = "fail",
                         .message = "Got 2 results"});
  EXPECT_THAT(GoldLine(build), HasSubstr("1 failed"));
  EXPECT_THAT(GoldLine(build), HasSubstr("not_null_x: Got 2 results"));
  EXPECT_EQ(GoldLine({.ok = true, .seconds = 1, .models = 3, .tests = 22}),
            "gold built in 1.0 s: 3 models, 22 tests, all pass");
}

}  // namespace
}  // namespace sluice::cli
