#include "config/mask.h"

#include <algorithm>
#include <regex>
#include <string_view>

#include "config/source_text.h"

namespace sluice {
namespace {

/// A plain reference says where the secret is, not what it is.
bool IsReference(const std::string& value) {
  static const std::regex reference(R"(["']?\$\{(file:[^}]*|[A-Za-z0-9_]*:?)\}["']?\s*(#.*)?)");
  return std::regex_match(value, reference);
}

bool MayNameColumns(std::string_view line, bool before) {
  if (line.empty() || line[0] == ' ' || line[0] == '#' || line[0] == '-') return before;
  return line.starts_with("bronze") || line.starts_with("silver");
}

void Star(std::string& line, size_t start, size_t bytes) {
  const auto stars = static_cast<size_t>(CountCharacters(line.substr(start, bytes)));
  line.replace(start, bytes, std::string(stars, '*'));
}

/// Stars group 1 of every match that is not a reference.
void StarMatches(std::string& line, const std::regex& pattern) {
  std::smatch match;
  for (size_t from = 0; from < line.size();) {
    const auto begin = line.cbegin() + static_cast<std::ptrdiff_t>(from);
    if (!std::regex_search(begin, line.cend(), match, pattern)) return;
    const auto start = from + static_cast<size_t>(match.position(1));
    const std::string value = match.str(1);
    const bool reference = IsReference(value);
    if (!reference) Star(line, start, value.size());
    from = start + (reference ? value.size() : static_cast<size_t>(CountCharacters(value)));
    if (value.empty()) ++from;
  }
}

/// std::regex recurses per character: a long line is searched in part only, and hidden beyond.
constexpr size_t kSearched = 2000;

class Masker {
 public:
  void Mask(std::string& line) {
    static const std::regex address(R"(://[^:/@\s]*:([^\s"']*)@)");
    static const std::regex setting(R"([Pp]ass(?:word|wd)?\s*=\s*([^\s&"'}]+))");
    static const std::regex block(R"(.*:\s+[|>][-+0-9]*\s*)");
    static const std::regex key(
        R"((?:[Pp]ass?w|[Ss]ecret|[Cc]redential|[Tt]oken|[._]pem)[\w.-]*["']?\s*:\s+(\S.*))");
    const size_t indent = line.find_first_not_of(' ');
    if (indent == std::string::npos) return;
    if (indent > secret_above_) return Star(line, indent, line.size() - indent);
    secret_above_ = std::string::npos;
    may_name_columns_ = MayNameColumns(line, may_name_columns_);
    if (line.size() > kSearched) Star(line, kSearched, line.size() - kSearched);
    StarMatches(line, address);
    if (may_name_columns_) return;
    StarMatches(line, setting);
    if (!std::regex_match(line, block)) return StarMatches(line, key);
    if (std::regex_search(line, key)) secret_above_ = indent;
  }

 private:
  bool may_name_columns_ = false;
  size_t secret_above_ = std::string::npos;  ///< indent of the key whose text block goes on
};

}  // namespace

std::string MaskSecrets(std::string_view text) {
  std::string masked;
  masked.reserve(text.size());
  Masker masker;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string line(text.substr(start, end - start));
    masker.Mask(line);
    masked += line;
    if (end < text.size()) masked += '\n';
    start = end + 1;
  }
  return masked;
}

}  // namespace sluice
