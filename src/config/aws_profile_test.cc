#include "config/aws_profile.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/types.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCredentials =
    "# comment\n[default]\naws_access_key_id = AKIA1\r\naws_secret_access_key=a=b#c\n\n"
    "[prod]\n  aws_access_key_id = nested\naws_access_key_id = AKIA2\n; no\nodd line\n";

TEST(AwsProfileTest, ReadsOneSection) {
  const auto first = ParseAwsSection(kCredentials, "default");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(*first,
            (AwsProfile{{"aws_access_key_id", "AKIA1"}, {"aws_secret_access_key", "a=b#c"}}));
  EXPECT_EQ(*ParseAwsSection(kCredentials, "prod"), (AwsProfile{{"aws_access_key_id", "AKIA2"}}));
  EXPECT_EQ(ParseAwsSection(kCredentials, "test"), std::nullopt);
  EXPECT_EQ(ParseAwsSection("[x", "x"), AwsProfile{});
}

class AwsProfileFilesTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(home_ + "/.aws"); }
  void TearDown() override { fs::remove_all(home_); }
  void Write(const std::string& name, const std::string& text, int mode) {
    std::ofstream(home_ + "/.aws/" + name) << text;
    fs::permissions(home_ + "/.aws/" + name, static_cast<fs::perms>(mode));
  }
  auto Read(const std::string& profile, bool insecure = false) {
    return ReadAwsProfile(Environment({{"HOME", home_}}), profile, insecure);
  }

  std::string home_ = fs::temp_directory_path() / ("sluice-home-" + Uuid::Random().value);
};

TEST_F(AwsProfileFilesTest, JoinsBothFiles) {
  Write("credentials", "[prod]\naws_access_key_id = K\nregion = first\n", 0600);
  Write("config",
        "[profile prod]\nregion = second\nendpoint_url = http://x\n[default]\nregion = d\n", 0644);
  const auto prod = Read("prod");
  ASSERT_TRUE(prod.has_value() && prod->has_value());
  EXPECT_EQ(
      **prod,
      (AwsProfile{{"aws_access_key_id", "K"}, {"region", "first"}, {"endpoint_url", "http://x"}}));
  EXPECT_EQ((**Read("default")).at("region"), "d");
  EXPECT_FALSE(Read("other")->has_value());
}

TEST_F(AwsProfileFilesTest, NoFilesAreNoProfile) {
  EXPECT_FALSE(Read("default")->has_value());
  EXPECT_FALSE(ReadAwsProfile(Environment({}), "default", false)->has_value());
}

TEST_F(AwsProfileFilesTest, KeysThatOthersMayReadAreRefused) {
  Write("credentials", "[default]\naws_secret_access_key = s3cret\n", 0644);
  const auto exposed = Read("default");
  ASSERT_FALSE(exposed.has_value());
  EXPECT_EQ(exposed.error().code, "E0123");
  EXPECT_NE(exposed.error().message.find("~/.aws/credentials"), std::string::npos);
  EXPECT_EQ(exposed.error().message.find("s3cret"), std::string::npos);
  EXPECT_TRUE(Read("default", true).has_value());
}

}  // namespace
}  // namespace sluice
