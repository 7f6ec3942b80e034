#include "source/lines_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/types.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LinesFeedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() /
             ("sluice-lines-" + Uuid::Random().value + ".jsonl"))
                .string();
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::vector<std::string> Read(const std::string& content, int64_t repeat = 1) {
    std::ofstream(path_, std::ios::binary) << content;
    ProduceOptions options;
    options.csv = path_;
    options.repeat = repeat;
    const auto feed = RecordFeed::Make(options, {});
    EXPECT_TRUE(feed);
    std::vector<std::string> values;
    while ((*feed)->Next().value()) values.push_back((*feed)->value());
    EXPECT_EQ((*feed)->total_bytes(), static_cast<int64_t>(content.size()) * repeat);
    return values;
  }

  std::string path_;
};

TEST_F(LinesFeedTest, SendsLinesAsTheyAre) {
  EXPECT_THAT(Read("{\"a\":1}\r\n\n not json \n{\"last\":true}"),
              ElementsAre("{\"a\":1}", " not json ", "{\"last\":true}"));
}

TEST_F(LinesFeedTest, RepeatsTheFile) {
  EXPECT_THAT(Read("1\n2\n", 2), ElementsAre("1", "2", "1", "2"));
}

TEST_F(LinesFeedTest, RefusesWhatOnlyCsvCan) {
  ProduceOptions options;
  options.csv = path_;
  options.key = "a";
  EXPECT_EQ(RecordFeed::Make(options, {}).error().kind, ErrorKind::kUsage);
}

TEST_F(LinesFeedTest, NamesAFileThatIsNotThere) {
  ProduceOptions options;
  options.csv = path_;
  const auto feed = RecordFeed::Make(options, {});
  ASSERT_FALSE(feed);
  EXPECT_EQ(feed.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(feed.error().message, HasSubstr("No such file"));
}

}  // namespace
}  // namespace sluice
