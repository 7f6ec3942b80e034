#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/diagnostic.h"
#include "config/folder_test.h"

namespace sluice {
namespace {

using testing::HasSubstr;

const Diagnostics kFound{
    "sluice.yml",
    "a: 1\nfromat: json\n",
    {{"E0401", "table `x` differs", {}, 0, "", "drop it"},
     {"E0107", "unknown key `fromat`", {2, 1}, 6, "did you mean `format`?", ""}}};

TEST(Render, SortsByPlaceWhatHasNoneFirst) {
  EXPECT_EQ(Render(kFound, false),
            "error[E0401]: table `x` differs\n"
            "  --> sluice.yml\n"
            "   = help: drop it\n"
            "   = help: sluice explain E0401\n"
            "\n"
            "error[E0107]: unknown key `fromat`\n"
            " --> sluice.yml:2:1\n"
            "  |\n"
            "2 | fromat: json\n"
            "  | ^^^^^^ did you mean `format`?\n"
            "  = help: sluice explain E0107\n");
}

TEST(Render, ColoursWithoutChangingTheText) {
  std::string plain;
  const std::string coloured = Render(kFound, true);
  for (size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\x1b') {
      i = coloured.find('m', i);
    } else {
      plain += coloured[i];
    }
  }
  EXPECT_NE(coloured, plain);
  EXPECT_EQ(plain, Render(kFound, false));
}

TEST(Render, WritesJson) {
  EXPECT_EQ(RenderJson(kFound),
            R"({"file":"sluice.yml","errors":[)"
            R"({"code":"E0401","name":"table_differs","message":"table `x` differs",)"
            R"("line":null,"column":null,"length":0,"label":"","help":"drop it"},)"
            R"({"code":"E0107","name":"unknown_key","message":"unknown key `fromat`",)"
            R"("line":2,"column":1,"length":6,"label":"did you mean `format`?","help":""}]})");
}

TEST(Render, ShowsNothingThatSteersATerminal) {
  const Diagnostics found{
      "a\x1b[2Jb", "x: \x1b[31m\tred\n", {{"E0107", "\x1b]0;t\x07", {1, 10}, 3}}};
  const std::string shown = Render(found, false);
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_THAT(shown, HasSubstr("1 | x: \\x1b[31m red\n"));
  EXPECT_THAT(shown, HasSubstr("  |             ^^^\n"));
}

TEST(Render, SurvivesPlacesBeyondTheFile) {
  const Diagnostics found{
      "f", "short\n", {{"E0302", "a", {1, 400}, 50}, {"E0302", "b", {90, 1}, 1}}};
  EXPECT_THAT(Render(found, false), HasSubstr("1 | short\n  |      ^\n"));
  EXPECT_THAT(Render(found, false), HasSubstr("--> f:90:1\n   = help"));
}

TEST(Render, SaysWhenThereMayBeMore) {
  Diagnostics found = kFound;
  EXPECT_THAT(Render(found, false), testing::Not(HasSubstr("Only the first")));
  found.items.resize(kMostProblems, found.items[0]);
  EXPECT_THAT(Render(found, false), testing::EndsWith("Only the first 100 problems are shown.\n"));
}

TEST(Render, ReadsTheFileAgainForLaterStages) {
  const TestFolder folder;
  Spec spec;
  spec.file = folder.Write("sluice.yml", "w: postgres://a:hunter2@h/d\nsql: SELECT x\n");
  const Diagnostics found = AboutFile(spec, {{"E0302", "no column `x`", {2, 13}, 1}});
  EXPECT_THAT(Render(found, false), HasSubstr("2 | sql: SELECT x\n  |             ^\n"));
  EXPECT_THAT(found.text, testing::Not(HasSubstr("hunter2")));
  spec.file = folder.path() + "/gone.yml";
  EXPECT_THAT(Render(AboutFile(spec, {{"E0302", "m", {2, 13}, 1}}), false), HasSubstr(":2:13\n"));
}

}  // namespace
}  // namespace sluice
