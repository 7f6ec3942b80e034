#include "transform/sql_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

using testing::ElementsAre;

std::vector<std::string> Texts(std::string_view sql) {
  std::vector<std::string> texts;
  const SqlTokens tokens(sql);
  for (const auto& token : tokens.all()) texts.emplace_back(token.text);
  return texts;
}

TEST(SqlTokensTest, LeavesOutBlanksAndComments) {
  EXPECT_THAT(Texts("a -- b 'c\n + /* d /* e */ f */ g"), ElementsAre("a", "+", "g"));
  EXPECT_THAT(Texts("a /* never closed"), ElementsAre("a"));
  EXPECT_THAT(Texts("a -- to the end"), ElementsAre("a"));
  EXPECT_THAT(Texts(" \t\r\n"), ElementsAre());
}

TEST(SqlTokensTest, KeepsQuotedTextsWhole) {
  EXPECT_THAT(Texts("'it''s' \"a\"\"b\" E'a\\'b' e'\\\\' x"),
              ElementsAre("'it''s'", "\"a\"\"b\"", "E'a\\'b'", "e'\\\\'", "x"));
  EXPECT_THAT(Texts("$$a 'b$$ $tag$ $$ $tag$ $1"),
              ElementsAre("$$a 'b$$", "$tag$ $$ $tag$", "$", "1"));
  EXPECT_THAT(Texts("'open"), ElementsAre("'open"));
  EXPECT_THAT(Texts("E'open\\"), ElementsAre("E'open\\"));
  EXPECT_THAT(Texts("$a$open"), ElementsAre("$a$open"));
}

TEST(SqlTokensTest, CutsWordsNumbersAndSymbols) {
  EXPECT_THAT(Texts("größe+1.5e3*b_2::int"),
              ElementsAre("größe", "+", "1.5e3", "*", "b_2", ":", ":", "int"));
}

TEST(SqlTokensTest, FindsWordsOutsideBrackets) {
  const std::string sql = "select f(x, order by y), 'order' from t Order by z";
  const SqlTokens tokens(sql);
  EXPECT_EQ(tokens.PlaceOf({"ORDER"}), sql.find("Order"));
  EXPECT_EQ(tokens.PlaceOf({"LIMIT", "FROM"}), sql.find("from"));
  EXPECT_EQ(tokens.PlaceOf({"QUALIFY"}), 0U);
  EXPECT_EQ(tokens.FindOutside("QUALIFY"), SqlTokens::kNone);
  EXPECT_EQ(tokens.ListItem(1, 0), sql.find("f("));
  EXPECT_EQ(tokens.ListItem(1, 1), sql.find("'order'"));
}

TEST(SqlTokensTest, FindsBlanksThatAreNotAscii) {
  EXPECT_EQ(SqlTokens("a 'b\u00a0c' \"d\u2003e\" größe -- \u00a0").FindOddBlank(),
            SqlTokens::kNone);
  for (const char* blank : {"\u00a0", "\u1680", "\u2003", "\u200b", "\u202f", "\u3000", "\ufeff"}) {
    EXPECT_EQ(SqlTokens(std::string("ä a") + blank + "b").FindOddBlank(), 4U) << blank;
    EXPECT_EQ(SqlTokens(std::string("a 1") + blank).FindOddBlank(), 3U) << blank;
  }
}

TEST(SqlTokensTest, BracketsThatDoNotMatchAreNoTrouble) {
  const SqlTokens tokens(")) a ((");
  EXPECT_EQ(tokens.FindOutside("A"), 2U);
  EXPECT_EQ(SqlTokens("").PlaceOf({"A"}), 0U);
  EXPECT_EQ(SqlTokens("").ListItem(1, 3), 0U);
}

}  // namespace
}  // namespace sluice
