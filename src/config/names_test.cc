#include "config/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::HasSubstr;

TEST(Names, ReadsTableNames) {
  EXPECT_EQ(ParseTableName("raw.books"), (TableName{"raw", "books"}));
  EXPECT_EQ(ParseTableName("_a.B2"), (TableName{"_a", "B2"}));
  for (const char* text : {"", ".", "books", "raw.", ".books", "a.b.c", "2a.b", "a-b.c", "a. b",
                           "ä.b", "a.b\n", "a.\"b\""}) {
    EXPECT_FALSE(ParseTableName(text)) << text;
  }
  EXPECT_TRUE(ParseTableName("a." + std::string(63, 'b')));
  EXPECT_FALSE(ParseTableName("a." + std::string(64, 'b')));
}

TEST(Names, KnowsBuckets) {
  for (const char* name : {"raw", "processed", "my-lake.1"}) EXPECT_TRUE(IsBucketName(name));
  for (const char* name : {"", "ab", "Raw", "raw_zone", "a b c"}) EXPECT_FALSE(IsBucketName(name));
}

TEST(Names, FindsWhatPostgresqlWouldCut) {
  const std::string same(63, 'x');
  EXPECT_TRUE(CheckPostgresNames(std::vector<std::string>{"a", "A", same}));
  const auto cut = CheckPostgresNames(std::vector<std::string>{same + "1"});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, "E0202");
  EXPECT_THAT(cut.error().message, HasSubstr("64 bytes"));
  const auto equal = CheckPostgresNames(std::vector<std::string>{same + "1", "a", same + "2"});
  ASSERT_FALSE(equal);
  EXPECT_THAT(equal.error().message, HasSubstr("are the same name"));
  EXPECT_FALSE(CheckPostgresNames(std::vector<std::string>{"a", "a"}));
}

TEST(Names, KeepsLineageForItself) {
  for (const char* name : {"_rest", "_headers", "_key", "_timestamp", "_log", "_partition",
                           "_offset", "_Offset", "_LOG"}) {
    const auto status = CheckNotReserved(name);
    ASSERT_FALSE(status) << name;
    EXPECT_EQ(status.error().code, "E0203");
  }
  for (const char* name : {"offset", "_id", "", "__offset"}) EXPECT_TRUE(CheckNotReserved(name));
}

}  // namespace
}  // namespace sluice
