#include "lake/s3_address.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

S3Endpoint Local(bool path_style) {
  return *ParseS3Endpoint("http://127.0.0.1:9000", "us-east-1", path_style);
}

TEST(S3AddressTest, TakesAddressesApart) {
  EXPECT_EQ(*ParseS3({"s3://raw/books/data/x.parquet"}), (S3Place{"raw", "books/data/x.parquet"}));
  EXPECT_EQ(*ParseS3({"s3://raw"}), (S3Place{"raw", ""}));
  EXPECT_EQ(*ParseS3({"s3a://raw/x"}), (S3Place{"raw", "x"}));
  // Byte for byte: a `%2F` is three characters of a name.
  EXPECT_EQ(*ParseS3({"s3://raw/a%2Fb c"}), (S3Place{"raw", "a%2Fb c"}));
}

TEST(S3AddressTest, RefusesWhatStoresDisagreeOn) {
  for (const std::string path :
       {"s3://", "s3:///x", "s3://b/", "s3://b/x//y", "s3://b/../x", "s3://b/./x", "s3://b/x/",
        "file:///b/x", "/b/x", "", "https://b/x"}) {
    const auto place = ParseS3({path});
    ASSERT_FALSE(place.has_value()) << path;
    EXPECT_EQ(place.error().kind, ErrorKind::kFatal);
  }
  EXPECT_FALSE(ParseS3({std::string("s3://b/x\0y", 10)}).has_value());
}

TEST(S3AddressTest, SpellsAddressesAsTheyAreSigned) {
  const S3Endpoint endpoint = Local(true);
  EXPECT_EQ(endpoint.Url({"raw", "books/a=b c+d/日%2F~.x"}),
            "http://127.0.0.1:9000/raw/books/a%3Db%20c%2Bd/%E6%97%A5%252F~.x");
  EXPECT_EQ(endpoint.Url({"raw", "(a)'*!:@$,;&?#[]"}),
            "http://127.0.0.1:9000/raw/%28a%29%27%2A%21%3A%40%24%2C%3B%26%3F%23%5B%5D");
  EXPECT_EQ(endpoint.Url({"raw", ""}), "http://127.0.0.1:9000/raw");
}

TEST(S3AddressTest, SortsParametersAndGivesEachAValue) {
  EXPECT_EQ(Local(true).Url({"raw", ""}, {{"prefix", "a/b c"}, {"list-type", "2"}, {"delete", ""}}),
            "http://127.0.0.1:9000/raw?delete=&list-type=2&prefix=a%2Fb%20c");
}

TEST(S3AddressTest, PutsBucketsIntoTheHostWhereThatIsWanted) {
  const S3Endpoint aws = *ParseS3Endpoint("", "eu-central-1", false);
  EXPECT_EQ(aws.Url({"raw", "x"}), "https://raw.s3.eu-central-1.amazonaws.com/x");
  EXPECT_EQ(aws.Url({"raw", ""}, {{"list-type", "2"}}),
            "https://raw.s3.eu-central-1.amazonaws.com/?list-type=2");
  // No certificate for `*.s3…` covers a bucket with a dot.
  EXPECT_EQ(aws.Url({"my.raw", "x"}), "https://s3.eu-central-1.amazonaws.com/my.raw/x");
  EXPECT_EQ(ParseS3Endpoint("", "cn-north-1", true)->host, "s3.cn-north-1.amazonaws.com.cn");
}

TEST(S3AddressTest, EndpointsMayHaveAPath) {
  const S3Endpoint endpoint = *ParseS3Endpoint("https://host/s3/", "us-east-1", true);
  EXPECT_EQ(endpoint.Url({"raw", "x"}), "https://host/s3/raw/x");
  EXPECT_EQ(endpoint.Shown(), "https://host");
}

TEST(S3AddressTest, RefusesEndpointsThatAreNone) {
  for (const char* url : {"host:9000", "ftp://host", "http://key:secret@host", "http://h?x=1"}) {
    const auto endpoint = ParseS3Endpoint(url, "us-east-1", true);
    ASSERT_FALSE(endpoint.has_value()) << url;
    EXPECT_EQ(endpoint.error().kind, ErrorKind::kInvalidConfig);
    EXPECT_EQ(endpoint.error().message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice
