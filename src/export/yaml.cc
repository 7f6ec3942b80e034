#include "export/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "core/text.h"

namespace sluice {
namespace {

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// YAML 1.1 reads these as booleans or null.
bool IsReserved(std::string_view text) {
  constexpr std::array<std::string_view, 9> kReserved{"true", "false", "yes",  "no", "on",
                                                      "off",  "y",     "null", "n"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kReserved, lower) != kReserved.end();
}

// Text that begins with a letter and holds nothing that means something to YAML.
bool IsPlain(std::string_view text) {
  constexpr std::string_view kHarmless = " .,/()-+%";
  if (text.empty() || !IsWordCharacter(text.front()) || text.back() == ' ' || IsReserved(text) ||
      std::isdigit(static_cast<unsigned char>(text.front())) != 0) {
    return false;
  }
  return std::ranges::all_of(text, [&](char c) {
    return IsWordCharacter(c) || kHarmless.find(c) != std::string_view::npos;
  });
}

// Lines that a literal block keeps as they are.
bool IsBlock(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.back() == '\n') return false;
  for (const auto& line : Split(text, '\n')) {
    if (line.ends_with(' ') || EscapeControl(line) != line) return false;
  }
  return text.front() != ' ' && text.front() != '\n';
}

// Single quotes where they save a person from reading backslashes.
std::string Quoted(std::string_view text) {
  const bool simple = text.find_first_of("\"\\") != std::string_view::npos &&
                      text.find('\'') == std::string_view::npos && EscapeControl(text) == text;
  return simple ? fmt::format("'{}'", text) : JsonQuote(text);
}

std::string Scalar(const Json& value, size_t indent) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  if (IsPlain(text)) return text;
  if (!IsBlock(text)) return Quoted(text);
  std::string block = "|-";
  for (const auto& line : Split(text, '\n')) {
    block += line.empty() ? "\n" : "\n" + std::string(indent, ' ') + line;
  }
  return block;
}

void Append(std::string& out, const Json& value, size_t indent);

// What comes after `key:` or `-`.
void AppendValue(std::string& out, const Json& value, size_t indent) {
  if (value.is_structured() && !value.empty()) {
    out += '\n';
    Append(out, value, indent);
  } else {
    out += ' ' + Scalar(value, indent) + '\n';
  }
}

void Append(std::string& out, const Json& value, size_t indent) {
  const std::string margin(indent, ' ');
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      out += margin + (IsPlain(key) ? key : JsonQuote(key)) + ':';
      AppendValue(out, item, indent + 2);
    }
    return;
  }
  for (const auto& item : value) {
    if (item.is_structured() && !item.empty()) {
      // The first line of an item stands beside its dash.
      std::string nested;
      Append(nested, item, indent + 2);
      out += margin + "- " + nested.substr(indent + 2);
    } else {
      out += margin + "- " + Scalar(item, indent + 2) + '\n';
    }
  }
}

}  // namespace

std::string ToYaml(const Json& document) {
  std::string out;
  if (document.is_structured() && !document.empty()) {
    Append(out, document, 0);
  } else {
    out = Scalar(document, 2) + '\n';
  }
  return out;
}

}  // namespace sluice
