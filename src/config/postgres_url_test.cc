#include "config/postgres_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PostgresUrl, TakesUrisApart) {
  const auto url =
      ParsePostgresUrl("postgresql://app:p:w@db.example.com:5432/books?sslmode=require");
  ASSERT_TRUE(url);
  EXPECT_THAT(url->hosts, ElementsAre("db.example.com"));
  EXPECT_EQ(url->secret, "p:w");
  EXPECT_EQ(url->settings.at("sslmode"), "require");
  EXPECT_THAT(ParsePostgresUrl("postgres://a:1,[::1]:2/d")->hosts, ElementsAre("a", "::1"));
  EXPECT_THAT(ParsePostgresUrl("postgres://")->hosts, IsEmpty());
  EXPECT_THAT(ParsePostgresUrl("postgres:///d?host=/run/pg")->hosts, ElementsAre("/run/pg"));
  EXPECT_EQ(ParsePostgresUrl("postgres://h?password=a&sslpassword=b")->secret, "ab");
}

TEST(PostgresUrl, TakesSettingsApart) {
  const auto url = ParsePostgresUrl("host = 'a b' password='it\\'s' dbname=d");
  ASSERT_TRUE(url);
  EXPECT_THAT(url->hosts, ElementsAre("a b"));
  EXPECT_EQ(url->secret, "it's");
  EXPECT_EQ(url->settings.at("dbname"), "d");
  EXPECT_THAT(ParsePostgresUrl("host=a,b")->hosts, ElementsAre("a", "b"));
}

TEST(PostgresUrl, RefusesTheRestWithoutQuotingIt) {
  for (const char* text : {"hunter2", "mysql://hunter2@h/d", "host=hunter2 x", "host='hunter2",
                           "postgres://h?hunter2", "=hunter2"}) {
    const auto url = ParsePostgresUrl(text);
    ASSERT_FALSE(url) << text;
    EXPECT_THAT(url.error().message, testing::Not(testing::HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace sluice
