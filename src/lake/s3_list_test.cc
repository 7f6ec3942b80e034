#include "lake/s3_list.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string List(const std::string& inside) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
         inside + "</ListBucketResult>";
}
std::string Object(const std::string& key, const std::string& size = "7",
                   const std::string& time = "2026-01-02T03:04:05.678Z") {
  return "<Contents><Key>" + key + "</Key><LastModified>" + time + "</LastModified><Size>" + size +
         "</Size><StorageClass>STANDARD</StorageClass></Contents>";
}

TEST(S3ListTest, ReadsObjects) {
  const auto page =
      ParseList(List("<IsTruncated>false</IsTruncated>" + Object("a/b&amp;c")), "raw");
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->objects.size(), 1U);
  EXPECT_EQ(page->objects[0].path.value, "s3://raw/a/b&c");
  EXPECT_EQ(page->objects[0].size_bytes, 7);
  EXPECT_EQ(page->objects[0].modified_ms, 1767323045678);
  EXPECT_EQ(page->next, "");
}

TEST(S3ListTest, ReadsCodedNames) {
  const auto page =
      ParseList(List("<EncodingType>url</EncodingType>" + Object("a%2Fb+c%2Bd%25")), "raw");
  EXPECT_EQ(page->objects.at(0).path.value, "s3://raw/a/b c+d%");
  // A store that does not say so gives names as they are.
  EXPECT_EQ(ParseList(List(Object("a%2Fb+c")), "raw")->objects.at(0).path.value,
            "s3://raw/a%2Fb+c");
}

TEST(S3ListTest, LeavesOutFolders) {
  EXPECT_TRUE(ParseList(List(Object("a/b/", "0")), "raw")->objects.empty());
  EXPECT_TRUE(ParseList(List(""), "raw")->objects.empty());
}

TEST(S3ListTest, GoesOn) {
  const auto page = ParseList(List("<IsTruncated>true</IsTruncated><NextContinuationToken>a+/=&amp;"
                                   "</NextContinuationToken>"),
                              "raw");
  EXPECT_EQ(page->next, "a+/=&");
  EXPECT_FALSE(ParseList(List("<IsTruncated>true</IsTruncated>"), "raw").has_value());
}

TEST(S3ListTest, RefusesWhatIsNoList) {
  for (const std::string& xml :
       {std::string(), std::string("<html></html>"), List("<Contents></Contents>"),
        List(Object("a", "-")), List(Object("a", "1", "yesterday"))}) {
    EXPECT_FALSE(ParseList(xml, "raw").has_value()) << xml;
  }
}

TEST(S3ListTest, AsksForFoldersAndPages) {
  const S3Request all = ListRequest({"raw", ""}, "", 1);
  EXPECT_EQ(all.place, (S3Place{"raw", ""}));
  EXPECT_EQ(all.query.size(), 3U);
  const S3Request next = ListRequest({"raw", "a/b"}, "token", 1000);
  EXPECT_EQ(next.query.at(3), (std::pair<std::string, std::string>("prefix", "a/b/")));
  EXPECT_EQ(next.query.at(4).second, "token");
}

TEST(S3ListTest, ReadsTimes) {
  EXPECT_EQ(ParseS3Time("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseS3Time("1970-01-02T00:00:00.5Z"), 86'400'500);
  EXPECT_EQ(ParseS3Time("2026-01-02T03:04:05.678901234Z"), 1767323045678);
  for (const char* text : {"", "2026-01-02", "2026-13-02T03:04:05Z", "2026-01-02T03:04:05",
                           "2026-01-02T03:04:05.xZ", "20260102T030405.000000Z"}) {
    EXPECT_EQ(ParseS3Time(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice
