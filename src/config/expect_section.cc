#include <fmt/format.h>

#include <array>

#include "config/codes.h"
#include "config/names.h"
#include "config/sections.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr std::array<Choice<Otherwise>, 4> kOtherwise{{{"warn", Otherwise::kWarn},
                                                       {"drop", Otherwise::kDrop},
                                                       {"quarantine", Otherwise::kQuarantine},
                                                       {"fail", Otherwise::kFail}}};

void ReadExpectation(Reader& reader, const Node& node, Expectation& expectation) {
  const std::array keys{
      Key{"check", "check: book_title IS NOT NULL",
          [&](const Node& n) {
            const auto check = reader.ReadSql(n);
            if (!check) return;
            const std::string_view sql = check->value;
            expectation.check = sql.substr(0, sql.find_last_not_of(" \n") + 1);
            expectation.place = n.lines.front();
          }},
      Key{"else", "",
          [&](const Node& n) {
            const auto otherwise = reader.ReadChoice<Otherwise>(n, kOtherwise);
            if (otherwise) expectation.otherwise = *otherwise;
          }},
  };
  reader.ReadMap(node, keys);
}

}  // namespace

void ReadExpectations(Reader& reader, const Node& node, std::vector<Expectation>& expect) {
  if (!reader.IsFilledMap(node, "expect: {has_title: {check: title IS NOT NULL, else: warn}}")) {
    return;
  }
  for (const auto& child : node.children) {
    if (child.broken) continue;
    if (!IsIdentifier(child.key) || child.key.size() > kPostgresNameBytes) {
      reader.ReportAtKey(
          child, {codes::kBadName,
                  fmt::format("an expectation cannot be named `{}`", EscapeControl(child.key)), "",
                  "use letters, digits and `_`, at most 63, no digit first"});
    }
    Expectation& expectation = expect.emplace_back();
    expectation.name = child.key;
    ReadExpectation(reader, child, expectation);
  }
}

}  // namespace sluice
