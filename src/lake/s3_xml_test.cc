#include "lake/s3_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(S3XmlTest, FindsElements) {
  const std::string_view xml =
      "<?xml version=\"1.0\"?>\n<Error xmlns=\"x\"><Code>NoSuchKey</Code><CodeX>n</CodeX></Error>";
  EXPECT_EQ(XmlText(xml, "Code"), "NoSuchKey");
  EXPECT_TRUE(XmlElement(xml, "Error").has_value());
  EXPECT_FALSE(XmlElement(xml, "Err").has_value());
  EXPECT_EQ(XmlText(xml, "Message"), "");
}

TEST(S3XmlTest, FindsEveryElementInOrder) {
  EXPECT_THAT(XmlElements("<l><k>a</k><k/><k x='1'>b</k></l>", "k"),
              ::testing::ElementsAre("a", "", "b"));
}

TEST(S3XmlTest, DecodesEntities) {
  EXPECT_EQ(XmlText("<k>a&amp;b&lt;c&gt;&quot;&apos;&#x41;&#66;&#x65e5;&#x1F600;</k>", "k"),
            "a&b<c>\"'AB日😀");
}

TEST(S3XmlTest, KeepsWhatIsNoEntity) {
  EXPECT_EQ(XmlText("<k>a & b &nope; &#xZZ; &#x110000; &</k>", "k"),
            "a & b &nope; &#xZZ; &#x110000; &");
}

TEST(S3XmlTest, SurvivesBrokenDocuments) {
  for (const std::string_view xml :
       {"", "<", "<k", "<k>", "<k>x", "<k>x</", "</k>", "<k/", "<<k>"}) {
    EXPECT_EQ(XmlText(xml, "k"), "") << xml;
    EXPECT_TRUE(XmlElements(xml, "k").empty()) << xml;
  }
}

}  // namespace
}  // namespace sluice
