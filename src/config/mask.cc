#include "config/mask.h"

#include <algorithm>
#include <array>

#include "config/source_text.h"
#include "config/suggest.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 7> kSecretWords{"passw", "pasw", "secret", "credential",
                                                       "token", ".pem", "_pem"};

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

std::string_view Trimmed(std::string_view text, std::string_view bytes) {
  const size_t first = text.find_first_not_of(bytes);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(bytes) + 1 - first);
}

// A plain reference says where the secret is, not what it is.
bool IsReference(std::string_view value) {
  value = Trimmed(value.substr(0, value.find(" #")), " \t\r\"'");
  if (!value.starts_with("${") || value.find('}') != value.size() - 1) return false;
  const std::string_view inside = value.substr(2, value.size() - 3);
  return inside.starts_with("file:") || inside.find(':') >= inside.size() - 1;
}

bool IsBlockIndicator(std::string_view value) {
  value = Trimmed(value, " \t\r");
  return !value.empty() && (value[0] == '|' || value[0] == '>') &&
         value.find_first_not_of("-+0123456789", 1) == std::string_view::npos;
}

// Stars what is not a reference; as many as characters, so that places stay right.
void Star(std::string& line, size_t start, size_t bytes) {
  const std::string value = line.substr(start, bytes);
  if (IsReference(value)) return;
  const bool line_end = value.ends_with('\r');
  const auto stars = static_cast<size_t>(CountCharacters(value)) - (line_end ? 1 : 0);
  line.replace(start, bytes, std::string(stars, '*') + (line_end ? "\r" : ""));
}

// `://user:…@`
void StarAddresses(std::string& line) {
  for (size_t at = 0; (at = line.find("://", at)) != std::string::npos;) {
    at += 3;
    const size_t end = std::min(line.find_first_of(" \t\"'", at), line.size());
    const size_t host = line.rfind('@', end - 1);
    const size_t colon = line.find(':', at);
    if (host == std::string::npos || host < at || colon >= host) continue;
    Star(line, colon + 1, host - colon - 1);
  }
}

// `password=…`
void StarSettings(std::string& line) {
  const std::string lower = LowerAscii(line);
  for (size_t at = lower.size(); (at = lower.rfind("pass", at)) != std::string::npos;) {
    size_t start = at;
    while (start < lower.size() && lower[start] >= 'a' && lower[start] <= 'z') ++start;
    start = std::min(lower.find_first_not_of(' ', start), lower.size());
    if (start < lower.size() && lower[start] == '=') {
      start = std::min(lower.find_first_not_of(' ', start + 1), lower.size());
      const bool reference = lower.compare(start, 2, "${") == 0;
      size_t end = reference ? lower.find('}', start) : lower.find_first_of(" &\"'}", start);
      end = end == std::string::npos ? lower.size() : end + (reference ? 1 : 0);
      Star(line, start, end - start);
    }
    if (at-- == 0) return;
  }
}

// Where the value of a key begins that is named like a secret; npos when there is none.
size_t SecretValue(const std::string& line) {
  const std::string lower = LowerAscii(line);
  size_t first = std::string::npos;
  for (const std::string_view word : kSecretWords) {
    for (size_t at = 0; (at = lower.find(word, at)) != std::string::npos; ++at) {
      size_t end = at;
      while (end < lower.size() && IsWordByte(lower[end])) ++end;
      if (lower.substr(at, end - at).ends_with("url")) continue;
      end = std::min(lower.find_first_not_of("\"' ", end), lower.size());
      if (lower.compare(end, 2, ": ") != 0) continue;
      first = std::min(first, lower.find_first_not_of(' ', end + 1));
    }
  }
  return first;
}

constexpr size_t kNone = std::string::npos;

class Masker {
 public:
  void Mask(std::string& line) {
    const size_t indent = line.find_first_not_of(" \r");
    if (indent == std::string::npos) return;
    if (indent > secret_above_) return Star(line, indent, line.size() - indent);
    secret_above_ = kNone;
    NoteSection(line);
    StarAddresses(line);
    if (may_name_columns_) return;
    StarSettings(line);
    const size_t value = SecretValue(line);
    if (value == std::string::npos) return;
    if (IsBlockIndicator(std::string_view(line).substr(value))) {
      secret_above_ = indent;
    } else {
      Star(line, value, line.size() - value);
    }
  }

 private:
  // Columns may be named like secrets.
  void NoteSection(std::string_view line) {
    if (line[0] == ' ' || line[0] == '#' || line[0] == '-') return;
    may_name_columns_ = line.starts_with("bronze") || line.starts_with("silver");
  }

  bool may_name_columns_ = false;
  size_t secret_above_ = kNone;  // indent of the key whose block of text goes on
};

}  // namespace

std::string MaskSecrets(std::string_view text) {
  std::string masked;
  masked.reserve(text.size());
  Masker masker;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    masker.Mask(line);
    masked += line;
    if (end < text.size()) masked += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return masked;
}

}  // namespace sluice
