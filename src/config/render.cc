#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "config/diagnostic.h"
#include "config/explain.h"
#include "config/mask.h"
#include "config/source_text.h"
#include "core/text.h"

namespace sluice {
namespace {

// Most characters of a line that an excerpt shows.
constexpr int kExcerpt = 160;

struct Palette {
  std::string_view red, blue, bold, reset;
};
constexpr Palette kPlain{"", "", "", ""};
constexpr Palette kColoured{"\x1b[1;31m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"};

std::vector<Diagnostic> Sorted(std::vector<Diagnostic> items) {
  std::ranges::stable_sort(items, {}, [](const Diagnostic& item) {
    return std::pair(item.place.line, item.place.column);
  });
  return items;
}

// A line of the file as it is shown: no tabs, nothing that steers a terminal.
std::string Safe(std::string_view text) {
  std::string blanks(text);
  std::ranges::replace(blanks, '\t', ' ');
  return EscapeControl(blanks);
}

// What of a long line is shown, and where in it the caret stands.
struct Excerpt {
  std::string text;
  int indent = 0;  // terminal columns before the caret
  int carets = 1;
};

Excerpt ExcerptOf(std::string_view line, const Diagnostic& item) {
  const int column = std::min(item.place.column - 1, CountCharacters(line));
  std::string before = Safe(FirstCharacters(line, column));
  std::string_view rest = line.substr(FirstCharacters(line, column).size());
  const std::string_view marked = FirstCharacters(rest, std::max(item.length, 1));
  if (CountCharacters(before) > kExcerpt / 2) {
    const int cut = CountCharacters(before) - kExcerpt / 4;
    before = "…" + before.substr(FirstCharacters(before, cut).size());
  }
  std::string after = Safe(rest);
  if (CountCharacters(after) > kExcerpt) {
    after = std::string(FirstCharacters(after, kExcerpt)) + "…";
  }
  const int width = std::min(DisplayWidth(Safe(marked)), DisplayWidth(after));
  return {before + after, DisplayWidth(before), std::max(width, 1)};
}

std::string RenderExcerpt(const Diagnostics& all, const SourceText& source, const Diagnostic& item,
                          const Palette& ink) {
  const std::string number = std::to_string(item.place.line);
  const std::string margin(number.size(), ' ');
  std::string out = fmt::format("{}{}-->{} {}:{}:{}\n", margin, ink.blue, ink.reset,
                                EscapeControl(all.file), item.place.line, item.place.column);
  if (item.place.line > source.lines()) return out;
  const Excerpt excerpt = ExcerptOf(source.Line(item.place.line), item);
  out += fmt::format("{}{} |{}\n", margin, ink.blue, ink.reset);
  out += fmt::format("{}{} |{} {}\n", ink.blue, number, ink.reset, excerpt.text);
  out += fmt::format("{}{} |{} {}{}{}{}{}{}\n", margin, ink.blue, ink.reset,
                     std::string(static_cast<size_t>(excerpt.indent), ' '), ink.red,
                     std::string(static_cast<size_t>(excerpt.carets), '^'),
                     item.label.empty() ? "" : " ", EscapeControl(item.label), ink.reset);
  return out;
}

std::string RenderOne(const Diagnostics& all, const SourceText& source, const Diagnostic& item,
                      const Palette& ink) {
  std::string out = fmt::format("{}error[{}]{}: {}{}{}\n", ink.red, item.code, ink.reset, ink.bold,
                                EscapeControl(item.message), ink.reset);
  const bool placed = item.place.line > 0;
  if (placed) {
    out += RenderExcerpt(all, source, item, ink);
  } else if (!all.file.empty()) {
    out += fmt::format("  {}-->{} {}\n", ink.blue, ink.reset, EscapeControl(all.file));
  }
  const std::string margin(placed ? std::to_string(item.place.line).size() : 2, ' ');
  const auto help = [&](std::string_view text) {
    out += fmt::format("{} {}={} help: {}\n", margin, ink.blue, ink.reset, text);
  };
  if (!item.help.empty()) help(EscapeControl(item.help));
  help("sluice explain " + item.code);
  return out;
}

std::string JsonOf(const Diagnostic& item) {
  const bool placed = item.place.line > 0;
  const std::string line = placed ? std::to_string(item.place.line) : "null";
  const std::string column = placed ? std::to_string(item.place.column) : "null";
  return fmt::format(R"({{"code":{},"name":{},"message":{},"line":{},"column":{},)",
                     JsonQuote(item.code), JsonQuote(CodeName(item.code)), JsonQuote(item.message),
                     line, column) +
         fmt::format(R"("length":{},"label":{},"help":{}}})", placed ? std::max(item.length, 1) : 0,
                     JsonQuote(item.label), JsonQuote(item.help));
}

}  // namespace

Diagnostics AboutFile(const Spec& spec, std::vector<Diagnostic> items) {
  std::ifstream file(spec.file, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return {spec.file, MaskSecrets(content.str()), std::move(items)};
}

std::string Render(const Diagnostics& diagnostics, bool colour) {
  const SourceText source(diagnostics.text);
  std::string out;
  for (const auto& item : Sorted(diagnostics.items)) {
    if (!out.empty()) out += '\n';
    out += RenderOne(diagnostics, source, item, colour ? kColoured : kPlain);
  }
  if (diagnostics.items.size() >= kMostProblems) {
    out += fmt::format("\nOnly the first {} problems are shown.\n", kMostProblems);
  }
  return out;
}

std::string RenderJson(const Diagnostics& diagnostics) {
  std::string errors;
  for (const auto& item : Sorted(diagnostics.items)) {
    if (!errors.empty()) errors += ',';
    errors += JsonOf(item);
  }
  return fmt::format(R"({{"file":{},"errors":[{}]}})", JsonQuote(diagnostics.file), errors);
}

}  // namespace sluice
