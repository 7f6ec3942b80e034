#include "config/yaml_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "config/codes.h"
#include "core/text.h"

namespace sluice {
namespace {

Diagnostic Problem(Place place, std::string message, std::string help, int length = 1) {
  return {.code = std::string(codes::kYamlSyntax),
          .message = std::move(message),
          .place = place,
          .length = length,
          .help = std::move(help)};
}

std::string_view From(const SourceText& source, Place place) {
  const std::string_view line = source.Line(place.line);
  return line.substr(FirstCharacters(line, place.column - 1).size());
}

std::string CharacterAt(const SourceText& source, Place place) {
  return EscapeControl(FirstCharacters(From(source, place), 1));
}

// The first character of a line that is not a blank.
Place LineStart(const SourceText& source, int line) {
  const size_t byte = source.Line(line).find_first_not_of(' ');
  return source.At(line, byte == std::string_view::npos ? 0 : byte);
}

std::optional<Place> TabInIndent(const SourceText& source, int first, int last) {
  for (int line = std::max(first, 1); line <= last; ++line) {
    const std::string_view text = source.Line(line);
    const std::string_view indent = text.substr(0, text.find_first_not_of(" \t"));
    if (const size_t tab = indent.find('\t'); tab != std::string_view::npos) {
      return source.At(line, tab);
    }
  }
  return std::nullopt;
}

Diagnostic StrayColon(const SourceText& source, Place place, Place last) {
  if (place.line == last.line) {
    return Problem(place, "a second `:` in one value", "text that contains `: ` needs quotes");
  }
  const Place start = LineStart(source, place.line);
  return Problem(start, "this line cannot be a key of the line above",
                 "the line above must end in `:`; or this line is indented too far",
                 std::max(place.column - start.column, 1));
}

Diagnostic OutOfLine(const SourceText& source, Place place) {
  const Place start = LineStart(source, place.line);
  if (place.column > start.column) {
    return Problem(place, "unexpected text after the value", "put all of the value in quotes",
                   CountCharacters(From(source, place)));
  }
  if (From(source, place).starts_with("- ")) {
    return Problem(place, "a list item cannot stand among keys", "indent it below its key");
  }
  return Problem(place, "this line does not line up with those above it",
                 "keys of one level begin in the same column",
                 CountCharacters(From(source, place)));
}

// The parser only knows where the text ended; the quote is the first after what it understood.
Diagnostic OpenQuote(const SourceText& source, Place end, Place last) {
  for (int line = last.line; line >= 1 && line <= source.lines(); ++line) {
    const std::string_view text = source.Line(line);
    const size_t from = line == last.line ? text.size() - From(source, last).size() : 0;
    if (const size_t at = text.find_first_of("\"'", from); at != std::string_view::npos) {
      return Problem(source.At(line, at), "this quote is never closed",
                     "end the text with the same quote");
    }
  }
  return Problem(end, "a quote is never closed", "end the text with the same quote");
}

// A quote that is not closed takes the bracket's end with it.
bool EndsInQuote(std::string_view text) {
  return std::ranges::count(text, '"') % 2 == 1 || std::ranges::count(text, '\'') % 2 == 1;
}

Diagnostic OpenBracket(const SourceText& source, Place place, const ReadSoFar& so_far) {
  if (EndsInQuote(From(source, so_far.last))) return OpenQuote(source, place, so_far.last);
  const Place open = so_far.open_bracket.value_or(place);
  const bool list = CharacterAt(source, open) == "[";
  return Problem(open, fmt::format("this `{}` is never closed", list ? "[" : "{"),
                 fmt::format("a `{}` is missing", list ? "]" : "}"));
}

Diagnostic BadFirstCharacter(const SourceText& source, Place place) {
  return Problem(place, fmt::format("a value cannot begin with `{}`", CharacterAt(source, place)),
                 "put the value in quotes");
}

Diagnostic BadEscape(Place place, std::string_view escape) {
  place.column -= 2;
  return Problem(place,
                 fmt::format("unknown escape `\\{}` in double quotes", EscapeControl(escape)),
                 "use single quotes, in which a backslash is only a backslash", 2);
}

Diagnostic UnknownAlias(Place place) {
  return {.code = std::string(codes::kYamlFeature),
          .message = "an alias (`*`) is not supported",
          .place = place,
          .length = 1,
          .help = "write the value out; text that begins with `*` needs quotes"};
}

}  // namespace

Diagnostic SyntaxProblem(const SourceText& source, Place place, const std::string& parser_message,
                         const ReadSoFar& so_far) {
  if (const auto tab = TabInIndent(source, so_far.last.line, place.line)) {
    return Problem(*tab, "a tab cannot indent YAML", "indent with blanks");
  }
  const std::string& said = parser_message;
  constexpr std::string_view kEscape = "unknown escape character: ";
  if (said == "illegal map value") return StrayColon(source, place, so_far.last);
  if (said == "end of map not found") return OutOfLine(source, place);
  if (said == "end of sequence not found") return OutOfLine(source, place);
  if (said == "end of map flow not found") return OpenBracket(source, place, so_far);
  if (said == "end of sequence flow not found") return OpenBracket(source, place, so_far);
  if (said == "illegal EOF in scalar") return OpenQuote(source, place, so_far.last);
  if (said == "unknown token") return BadFirstCharacter(source, place);
  if (said == "the referenced anchor is not defined") return UnknownAlias(place);
  if (said.starts_with(kEscape)) return BadEscape(place, said.substr(kEscape.size()));
  if (said == "illegal flow end") {
    return Problem(place, fmt::format("`{}` closes nothing", CharacterAt(source, place)),
                   "text that begins with it needs quotes");
  }
  if (said == "illegal block entry") {
    return Problem(place, "a list item cannot begin here", "begin it on a line of its own");
  }
  return Problem(place, "not valid YAML: " + EscapeControl(said), "");
}

}  // namespace sluice
