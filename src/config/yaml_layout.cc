#include "config/yaml_layout.h"

#include <algorithm>
#include <string>

#include "core/text.h"

namespace sluice {
namespace {

std::string_view TrimRight(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// The bytes of a quoted text with its quotes, or 0 when it goes on in the next line.
size_t QuotedBytes(std::string_view text) {
  const char quote = text[0];
  for (size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
      if (!doubled) return i + 1;
      ++i;
    }
  }
  return 0;
}

// A `|` block: each line of the value is the tail of a line of the file.
std::vector<Place> BlockLines(const SourceText& source, int line, std::string_view value) {
  std::vector<Place> places;
  for (const std::string& piece : Split(value, '\n')) {
    const std::string_view whole = source.Line(++line);
    places.push_back(whole.ends_with(piece) ? source.At(line, whole.size() - piece.size())
                                            : Place{line, 1});
  }
  return places;
}

}  // namespace

ScalarLayout LayoutOf(const SourceText& source, int line, size_t byte, std::string_view value) {
  const std::string_view whole = source.Line(line);
  const std::string_view text = whole.substr(std::min(byte, whole.size()));
  const char first = text.empty() ? '\0' : text[0];
  if (first == '|' || first == '>') {
    const int length = CountCharacters(text.substr(0, text.find(' ')));
    if (first == '|') return {length, BlockLines(source, line, value), false};
    return {length, {source.At(line + 1, 0)}, true};
  }
  if (first == '"' || first == '\'') {
    const size_t bytes = QuotedBytes(text);
    const std::string_view shown = bytes > 0 ? text.substr(0, bytes) : TrimRight(text);
    return {CountCharacters(shown), {source.At(line, byte + 1)}, bytes == 0};
  }
  const bool whole_value = text.starts_with(value);
  const std::string_view shown = whole_value ? value : TrimRight(text);
  return {CountCharacters(shown), {source.At(line, byte)}, !whole_value};
}

}  // namespace sluice
