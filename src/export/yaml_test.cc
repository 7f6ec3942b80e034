#include "export/yaml.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(YamlTest, NestsMapsAndLists) {
  const Json document{{"version", 2},
                      {"sources", {{{"name", "warehouse"}, {"tables", {{{"name", "a"}}}}}}},
                      {"nothing", nullptr},
                      {"empty", Json::array()},
                      {"none", Json::object()}};
  EXPECT_EQ(ToYaml(document),
            "version: 2\n"
            "sources:\n"
            "  - name: warehouse\n"
            "    tables:\n"
            "      - name: a\n"
            "nothing: null\n"
            "empty: []\n"
            "none: {}\n");
}

TEST(YamlTest, TextThatCouldBeSomethingElseIsQuoted) {
  const auto spelled = [](const char* text) { return ToYaml(Json{{"k", text}}); };
  EXPECT_EQ(spelled("plain words, and (more)"), "k: plain words, and (more)\n");
  EXPECT_EQ(spelled("no"), "k: \"no\"\n");
  EXPECT_EQ(spelled("NULL"), "k: \"NULL\"\n");
  EXPECT_EQ(spelled("1.0.0"), "k: \"1.0.0\"\n");
  EXPECT_EQ(spelled("a: b"), "k: \"a: b\"\n");
  EXPECT_EQ(spelled("a # b"), "k: \"a # b\"\n");
  EXPECT_EQ(spelled("{{ jinja }}"), "k: \"{{ jinja }}\"\n");
  EXPECT_EQ(spelled("a{b=\"c\"}"), "k: 'a{b=\"c\"}'\n");
  EXPECT_EQ(spelled("it's \"c\""), "k: \"it's \\\"c\\\"\"\n");
  EXPECT_EQ(spelled(""), "k: \"\"\n");
  EXPECT_EQ(spelled("ends "), "k: \"ends \"\n");
  EXPECT_EQ(spelled("Écrit"), "k: \"Écrit\"\n");
}

TEST(YamlTest, LinesAreABlockUnlessItWouldChangeThem) {
  EXPECT_EQ(ToYaml(Json{{"sql", "SELECT 1\n  FROM x"}}), "sql: |-\n  SELECT 1\n    FROM x\n");
  EXPECT_EQ(ToYaml(Json{{"list", {"a\nb"}}}), "list:\n  - |-\n    a\n    b\n");
  EXPECT_EQ(ToYaml(Json{{"k", "ends\n"}}), "k: \"ends\\u000a\"\n");
  EXPECT_EQ(ToYaml(Json{{"k", " begins\nb"}}), "k: \" begins\\u000ab\"\n");
}

}  // namespace
}  // namespace sluice
