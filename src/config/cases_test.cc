// Runs tests/cases/config/*.test. A case has sections that begin with `--- name`:
//   env          variables, NAME=value a line
//   flags        insecure_secret_files, insecure_tls
//   file P M     a file beside the pipeline file: path and mode (octal)
//   sluice.yml   the pipeline file; `\xNN` in it stands for that byte
//   errors       what Render says, or
//   facts        lines that must be among those of FactsOf
// `$DIR` stands for the case's folder. SLUICE_UPDATE_GOLDEN=1 rewrites errors and facts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "config/folder_test.h"
#include "config/load.h"
#include "config/spec_facts_test.h"
#include "core/text.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

const fs::path kCases = fs::path(SLUICE_SOURCE_DIR) / "tests/cases/config";

struct Section {
  std::vector<std::string> head;  // its name, then what follows on the line
  std::string body;
};

struct Case {
  std::string intro;
  std::vector<Section> sections;

  std::string Body(std::string_view name) const {
    for (const auto& section : sections) {
      if (section.head[0] == name) return section.body;
    }
    return "";
  }
};

Case ParseCase(const std::string& text) {
  Case parsed;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("--- ")) {
      parsed.sections.push_back({Split(line.substr(4), ' '), ""});
    } else {
      (parsed.sections.empty() ? parsed.intro : parsed.sections.back().body) += line + "\n";
    }
  }
  return parsed;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// `\xNN` as that byte.
std::string WithBytes(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\\x") == 0) {
      bytes += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

std::expected<Spec, Diagnostics> Load(const Case& test, const TestFolder& folder) {
  std::map<std::string, std::string> variables;
  for (const std::string& line : Split(test.Body("env"), '\n')) {
    const size_t equals = line.find('=');
    if (equals != std::string::npos) {
      variables[line.substr(0, equals)] = Replaced(line.substr(equals + 1), "$DIR", folder.path());
    }
  }
  for (const auto& section : test.sections) {
    if (section.head[0] != "file") continue;
    folder.Write(section.head.at(1), section.body, std::stoi(section.head.at(2), nullptr, 8));
  }
  const std::string flags = test.Body("flags");
  const LoadOptions options{flags.find("insecure_secret_files") != std::string::npos,
                            flags.find("insecure_tls") != std::string::npos};
  const std::string path = folder.Write("sluice.yml", WithBytes(test.Body("sluice.yml")));
  return LoadSpec(path, Environment(variables), options);
}

std::string Errors(const Diagnostics& found, const TestFolder& folder) {
  return Replaced(Replaced(Render(found, false), folder.path() + "/sluice.yml", "sluice.yml"),
                  folder.path(), "$DIR");
}

// The facts that the case asks for, with the values they have.
std::string Facts(const Spec& spec, const TestFolder& folder, const std::string& wanted) {
  std::string found;
  for (const std::string& line : Split(wanted, '\n')) {
    const std::string name = line.substr(0, line.find(" = "));
    for (const std::string& fact : FactsOf(spec)) {
      if (!name.empty() && fact.starts_with(name + " = ")) {
        found += Replaced(fact, folder.path(), "$DIR") + "\n";
      }
    }
  }
  return found;
}

void Rewrite(const fs::path& path, Case test, const std::string& name, const std::string& body) {
  const auto section = std::ranges::find_if(test.sections, [&](const Section& each) {
    return each.head[0] == "errors" || each.head[0] == "facts";
  });
  if (section != test.sections.end()) test.sections.erase(section);
  test.sections.push_back({{name}, body});
  std::string text = test.intro;
  for (const auto& each : test.sections) text += "--- " + Join(each.head, " ") + "\n" + each.body;
  std::ofstream(path, std::ios::binary) << text;
}

class Cases : public testing::TestWithParam<fs::path> {};

TEST_P(Cases, LoadsAsWritten) {
  const Case test = ParseCase(ReadWhole(GetParam()));
  ASSERT_THAT(test.intro, testing::StartsWith("# ")) << "the first line says what the case shows";
  const TestFolder folder;
  const auto loaded = Load(test, folder);
  const std::string name = loaded ? "facts" : "errors";
  const std::string actual =
      loaded ? Facts(*loaded, folder, test.Body("facts")) : Errors(loaded.error(), folder);
  if (getenv("SLUICE_UPDATE_GOLDEN") != nullptr) Rewrite(GetParam(), test, name, actual);
  const Case expected = ParseCase(ReadWhole(GetParam()));
  EXPECT_EQ(expected.Body(name), actual);
  EXPECT_NE(actual, "") << "the case asserts nothing";
}

std::vector<fs::path> AllCases() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(kCases)) {
    if (entry.path().extension() == ".test") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

INSTANTIATE_TEST_SUITE_P(Config, Cases, testing::ValuesIn(AllCases()),
                         [](const testing::TestParamInfo<fs::path>& each) {
                           return each.param.stem().string();
                         });

TEST(Cases, AreMany) {
  EXPECT_GE(AllCases().size(), 50U);
}

// A secret never shows, wherever the case puts it: cases use this word for every one of them.
TEST(Cases, NeverShowASecret) {
  for (const auto& path : AllCases()) {
    const Case test = ParseCase(ReadWhole(path));
    const TestFolder folder;
    const auto loaded = Load(test, folder);
    if (loaded) continue;
    EXPECT_THAT(Render(loaded.error(), true), testing::Not(testing::HasSubstr("hunter2"))) << path;
    EXPECT_THAT(RenderJson(loaded.error()), testing::Not(testing::HasSubstr("hunter2"))) << path;
    EXPECT_THAT(loaded.error().text, testing::Not(testing::HasSubstr("hunter2"))) << path;
  }
}

}  // namespace
}  // namespace sluice
