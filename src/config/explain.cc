#include "config/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/explain_text.h"

namespace sluice {
namespace {

constexpr std::string_view kHeading = "\n## E";
constexpr size_t kNumberedSize = kHeading.size() + 4;

// Where a code's heading begins, given `E0107`, `e0107` or `unknown_key`.
size_t FindHeading(std::string_view text, std::string_view code) {
  if (code.size() == 5 && (code[0] == 'E' || code[0] == 'e')) {
    return text.find(fmt::format("{}{} ", kHeading, code.substr(1)));
  }
  const std::string name = fmt::format(" {}\n", code);
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    if (at >= kNumberedSize && text.substr(at - kNumberedSize).starts_with(kHeading)) {
      return at - kNumberedSize;
    }
  }
  return std::string_view::npos;
}

// The section of a code, from `E0107 unknown_key` to the next heading; "" when there is none.
std::string_view SectionOf(std::string_view code) {
  const std::string_view text = ExplainText();
  const size_t start = FindHeading(text, code);
  if (start == std::string_view::npos) return {};
  const size_t end = text.find("\n## ", start + 1);
  return text.substr(start + 4, end == std::string_view::npos ? end : end - start - 3);
}

}  // namespace

std::optional<std::string> Explain(std::string_view code) {
  const std::string_view section = SectionOf(code);
  if (section.empty()) return std::nullopt;
  return std::string(section.substr(0, section.find_last_not_of('\n') + 1)) + "\n";
}

std::string CodeName(std::string_view code) {
  const std::string_view section = SectionOf(code);
  const std::string_view line = section.substr(0, section.find('\n'));
  return std::string(line.substr(std::min<size_t>(line.size(), 6)));
}

std::vector<std::string> AllCodes() {
  std::vector<std::string> codes;
  const std::string_view text = ExplainText();
  for (size_t at = text.find(kHeading); at != std::string_view::npos;
       at = text.find(kHeading, at + 1)) {
    codes.emplace_back(text.substr(at + 4, 5));
  }
  return codes;
}

}  // namespace sluice
