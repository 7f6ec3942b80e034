#include "config/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/folder_test.h"
#include "config/load.h"
#include "core/text.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

const fs::path kSource = fs::path(SLUICE_SOURCE_DIR) / "src/config";
const fs::path kCases = fs::path(SLUICE_SOURCE_DIR) / "tests/cases/config";

// The codes in the quotes of a text.
std::set<std::string> CodesIn(const std::string& text, const std::string& before) {
  std::set<std::string> codes;
  for (size_t at = 0; (at = text.find(before + "E0", at)) != std::string::npos; ++at) {
    codes.insert(text.substr(at + before.size(), 5));
  }
  return codes;
}

std::set<std::string> CodesOfTheLoader() {
  std::set<std::string> codes = CodesIn(ReadWhole(kSource / "codes.h"), "\"");
  codes.erase("E0306");  // needs compiled SQL: silver_columns_test has it
  return codes;
}

TEST(Explain, HasCauseAndExamplesForEveryCode) {
  ASSERT_GE(AllCodes().size(), 50U);
  EXPECT_TRUE(std::ranges::is_sorted(AllCodes()));
  for (const std::string& code : AllCodes()) {
    const auto text = Explain(code);
    ASSERT_TRUE(text) << code;
    EXPECT_THAT(*text, StartsWith(code + " " + CodeName(code) + "\n"));
    EXPECT_THAT(*text, HasSubstr("\nWrong:\n```"));
    EXPECT_THAT(*text, HasSubstr("\nRight:\n```"));
    EXPECT_TRUE(text->ends_with("```\n")) << code;
    EXPECT_LT(text->find("\nWrong:"), text->find("\nRight:")) << code;
    EXPECT_GT(text->find("\nWrong:"), 100U) << code << " needs a cause in words";
  }
}

TEST(Explain, KnowsNothingElse) {
  for (const char* code : {"", "E", "E0", "E010", "E01071", "X0107", "E9999", "what", "E0107 "}) {
    EXPECT_FALSE(Explain(code)) << code;
    EXPECT_EQ(CodeName(code), "") << code;
  }
  EXPECT_EQ(Explain("e0107"), Explain("E0107"));
  EXPECT_EQ(Explain("unknown_key"), Explain("E0107"));
  EXPECT_EQ(Explain("quarantine_storm"), Explain("E0601"));
  for (const char* name : {"key", "unknown", "E0107 unknown_key", "_", "the"}) {
    EXPECT_FALSE(Explain(name)) << name;
  }
  EXPECT_EQ(CodeName("E0107"), "unknown_key");
  EXPECT_EQ(Explain("unknown_key"), Explain("E0107"));
  EXPECT_EQ(CodeName("source_data_lost"), "source_data_lost");
}

TEST(Explain, CoversWhatTheLoaderReports) {
  EXPECT_GE(CodesOfTheLoader().size(), 40U);
  for (const std::string& code : CodesOfTheLoader()) EXPECT_THAT(AllCodes(), Contains(code));
  for (const auto& entry : fs::directory_iterator(kSource)) {
    const std::string name = entry.path().filename().string();
    if (name == "codes.h" || name.ends_with("_test.cc") || !name.ends_with(".cc")) continue;
    EXPECT_THAT(CodesIn(ReadWhole(entry.path()), "\""), testing::IsEmpty())
        << name << ": codes have a name in codes.h";
  }
}

TEST(Explain, HasACaseForEveryCodeOfTheLoader) {
  std::set<std::string> shown{"E0101", "E0102"};  // no file to show: load_test has them
  for (const auto& entry : fs::directory_iterator(kCases)) {
    shown.merge(CodesIn(ReadWhole(entry.path()), "\nerror["));
  }
  for (const std::string& code : CodesOfTheLoader()) EXPECT_THAT(shown, Contains(code));
}

// The YAML of the example under `heading`, or "" when it is in another language.
std::string Example(const std::string& text, const std::string& heading) {
  const std::string open = heading + ":\n```yaml\n";
  const size_t start = text.find(open);
  if (start == std::string::npos) return "";
  const size_t from = start + open.size();
  return text.substr(from, text.find("```", from) - from);
}

std::string SectionName(const std::string& line) {
  return line.substr(0, line.find(':'));
}

// A whole file: the example's sections in place of the plain ones.
std::string Completed(const std::string& example) {
  const std::map<std::string, std::string> plain{
      {"version", "version: 1"},
      {"pipeline", "pipeline: books"},
      {"source", "source: {kafka: embedded, topic: sensor_stream}"},
      {"lake", "lake: ./lake"},
      {"warehouse", "warehouse: embedded"},
      {"bronze", "bronze: {raw.books: {format: json, columns: {Book: string}}}"}};
  std::set<std::string> given;
  for (const std::string& line : Split(example, '\n')) given.insert(SectionName(line));
  std::string text;
  for (const auto& [name, section] : plain) {
    if (!given.contains(name)) text += section + "\n";
  }
  return text + example;
}

std::set<std::string> CodesOf(const std::string& example) {
  const TestFolder folder;
  folder.Write("books_analytics/dbt_project.yml", "name: books_analytics\n");
  const Environment environment({{"PGPASS", "x"},
                                 {"S3_SECRET", "x"},
                                 {"AWS_REGION", "eu-central-1"},
                                 {"LAKE_ROOTS", "x"},
                                 {"SHORT_TOKEN", "open"},
                                 {"SLUICE_HTTP_TOKEN", "0123456789abcdef"}});
  const auto loaded = LoadSpec(folder.Write("sluice.yml", Completed(example)), environment);
  std::set<std::string> codes;
  if (loaded) return codes;
  for (const auto& item : loaded.error().items) codes.insert(item.code);
  return codes;
}

TEST(Explain, HasExamplesThatAreTrue) {
  int tried = 0;
  for (const std::string& code : AllCodes()) {
    const std::string wrong = Example(*Explain(code), "Wrong");
    const std::string right = Example(*Explain(code), "Right");
    EXPECT_EQ(wrong.empty(), right.empty()) << code;
    if (wrong.empty()) continue;
    ++tried;
    EXPECT_THAT(CodesOf(wrong), Contains(code)) << wrong;
    EXPECT_THAT(CodesOf(right), testing::IsEmpty()) << code << "\n" << right;
  }
  EXPECT_GE(tried, 35);
}

}  // namespace
}  // namespace sluice
