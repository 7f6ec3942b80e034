#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "config/codes.h"
#include "config/location.h"
#include "config/suggest.h"
#include "config/units.h"
#include "core/text.h"

namespace sluice {
namespace {

std::string InBackticks(std::string_view text) {
  constexpr size_t kShown = 60;
  const std::string_view cut = CutUtf8(text, kShown);
  return fmt::format("`{}{}`", EscapeControl(cut), cut.size() < text.size() ? "…" : "");
}

std::string NameOf(const Node& node) {
  return node.key_place.line == 0 && node.key.empty() ? "the file" : InBackticks(node.key);
}

// A map with the keys it cannot do without; the root's would be too long to help.
std::string ExampleOf(const Node& node, std::span<const Key> keys) {
  std::vector<std::string> needed;
  for (const auto& key : keys) {
    if (!key.example.empty()) needed.emplace_back(key.example);
  }
  if (node.key.empty() || needed.empty()) return "";
  return fmt::format("{}: {{{}}}", node.key, Join(needed, ", "));
}

std::string_view KindName(NodeKind kind) {
  switch (kind) {
    case NodeKind::kNull:
      return "nothing";
    case NodeKind::kText:
      return "text";
    case NodeKind::kMap:
      return "a map of keys";
    case NodeKind::kList:
      return "a list";
  }
  return "nothing";
}

std::string SpellDuration(int64_t ms) {
  constexpr std::array<std::pair<int64_t, std::string_view>, 4> kUnits{
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}}};
  for (const auto& [factor, unit] : kUnits) {
    if (ms > 0 && ms % factor == 0) return fmt::format("{}{}", ms / factor, unit);
  }
  return fmt::format("{}ms", ms);
}

std::string SpellSize(int64_t bytes) {
  if (bytes >= 1 << 30 && bytes % (1 << 30) == 0) return fmt::format("{}GiB", bytes >> 30);
  if (bytes >= 1 << 20 && bytes % (1 << 20) == 0) return fmt::format("{}MiB", bytes >> 20);
  if (bytes >= 1 << 10 && bytes % (1 << 10) == 0) return fmt::format("{}KiB", bytes >> 10);
  return fmt::format("{}B", bytes);
}

}  // namespace

void Reader::ReadMap(const Node& node, std::span<const Key> keys) {
  if (!IsKind(node, NodeKind::kMap, "keys and values", ExampleOf(node, keys))) return;
  std::set<std::string, std::less<>> given;
  for (const auto& child : node.children) {
    given.insert(child.key);
    const auto key = std::ranges::find(keys, std::string_view(child.key), &Key::name);
    if (child.broken) continue;
    if (key == keys.end()) {
      given.insert(ReportUnknownKey(child, node, keys));
    } else if (child.kind != NodeKind::kNull || key->example.empty()) {
      key->read(child);
    } else {
      Report(child, {codes::kWrongType, fmt::format("{} has no value", NameOf(child)), "",
                     fmt::format("for example `{}`", key->example)});
    }
  }
  for (const auto& key : keys) {
    if (key.example.empty() || given.contains(key.name)) continue;
    Finding finding{codes::kMissingKey,
                    fmt::format("key `{}` is missing in {}", key.name, NameOf(node)), "",
                    fmt::format("add `{}`", key.example)};
    node.key_place.line > 0 ? ReportAtKey(node, finding) : ReportNoPlace(finding);
  }
}

std::string Reader::ReportUnknownKey(const Node& child, const Node& map,
                                     std::span<const Key> keys) {
  std::vector<std::string> names;
  for (const auto& key : keys) names.emplace_back(key.name);
  std::string meant = MeantKey(child.key, names);
  std::string label = meant.empty() ? "" : fmt::format("did you mean `{}`?", meant);
  const size_t colon = child.key.find(':');
  if (child.kind == NodeKind::kNull && colon != std::string::npos) {
    meant = child.key.substr(0, colon);
    label = "a blank is missing after the `:`";
  }
  ReportAtKey(child,
              {codes::kUnknownKey, fmt::format("unknown key {}", InBackticks(child.key)), label,
               label.empty() ? fmt::format("keys of {}: {}", NameOf(map), Join(names, ", ")) : ""});
  return meant;
}

bool Reader::IsKind(const Node& node, NodeKind kind, std::string_view wanted,
                    std::string_view example) {
  if (node.broken) return false;
  if (node.kind == kind) return true;
  const std::string help = example.empty() ? "" : fmt::format("for example `{}`", example);
  if (node.kind == NodeKind::kNull) {
    Report(node, {codes::kWrongType, fmt::format("{} has no value", NameOf(node)), "", help});
  } else {
    Report(node, {codes::kWrongType,
                  fmt::format("{} must be {}, not {}", NameOf(node), wanted, KindName(node.kind)),
                  "", help});
  }
  return false;
}

bool Reader::IsFilledMap(const Node& node, std::string_view example) {
  if (!IsKind(node, NodeKind::kMap, "keys and values", example)) return false;
  if (!node.children.empty()) return true;
  Report(node, {codes::kWrongType, fmt::format("{} is empty", NameOf(node)), "",
                fmt::format("for example `{}`", example)});
  return false;
}

bool Reader::IsFilledList(const Node& node, std::string_view example, size_t most) {
  if (!IsKind(node, NodeKind::kList, "a list", example)) return false;
  const bool empty = node.children.empty();
  if (!empty && node.children.size() <= most) return true;
  Report(node, {codes::kWrongType,
                empty ? fmt::format("{} is empty", NameOf(node))
                      : fmt::format("{} has more than {} items", NameOf(node), most),
                "", fmt::format("for example `{}`", example)});
  return false;
}

std::optional<Text> Reader::ReadText(const Node& node) {
  return ReadAnyText(node, false, false);
}

std::optional<Text> Reader::ReadMaybeEmptyText(const Node& node) {
  return ReadAnyText(node, false, true);
}

std::optional<Text> Reader::ReadSql(const Node& node) {
  return ReadAnyText(node, true, false);
}

std::optional<Text> Reader::ReadAnyText(const Node& node, bool is_sql, bool may_be_empty) {
  if (!IsKind(node, NodeKind::kText, "text", "")) return std::nullopt;
  std::vector<TextProblem> problems;
  Text text = Substitute(node.text,
                         {.environment = environment_,
                          .folder = folder_,
                          .insecure_files = options_.insecure_secret_files,
                          .is_sql = is_sql},
                         problems);
  for (const auto& problem : problems) {
    Add(PlaceInText(node.lines, node.text, problem.offset), static_cast<int>(problem.length),
        {problem.code, problem.message, problem.label, problem.help});
  }
  if (!problems.empty()) return std::nullopt;
  if (!text.value.empty() || may_be_empty) return text;
  Report(node, {codes::kWrongType, fmt::format("{} is empty", NameOf(node)),
                text.replaced ? "its variable is set to nothing" : "", ""});
  return std::nullopt;
}

std::optional<int64_t> Reader::ReadQuantity(const Node& node, Bounds bounds,
                                            const Quantity& quantity) {
  const auto text = ReadText(node);
  if (!text) return std::nullopt;
  const auto value = quantity.parse(text->value);
  if (!value) {
    const Error& error = value.error();
    ReportValue(node, *text,
                {quantity.code,
                 fmt::format("{} must be {}: {}", NameOf(node), quantity.kind, error.message),
                 error.hint.empty() ? "" : fmt::format("did you mean `{}`?", error.hint),
                 std::string(quantity.help)});
    return std::nullopt;
  }
  if (*value >= bounds.least && *value <= bounds.most) return *value;
  ReportValue(
      node, *text,
      {quantity.code, fmt::format("{} must be from {} to {}", NameOf(node),
                                  quantity.spell(bounds.least), quantity.spell(bounds.most))});
  return std::nullopt;
}

std::optional<int64_t> Reader::ReadInteger(const Node& node, Bounds bounds) {
  return ReadQuantity(node, bounds,
                      {codes::kBadNumber, "a whole number", "", ParseInteger, WithThousands});
}

std::optional<int64_t> Reader::ReadPercent(const Node& node, Bounds bounds) {
  return ReadQuantity(node, bounds,
                      {codes::kBadNumber, "a share", "write a whole number and %: `50%`",
                       ParsePercent, [](int64_t percent) { return fmt::format("{}%", percent); }});
}

std::optional<int64_t> Reader::ReadDuration(const Node& node, Bounds bounds_ms) {
  return ReadQuantity(node, bounds_ms,
                      {codes::kBadDuration, "a duration",
                       "write a whole number and ms, s, m, h or d: `500ms`, `30s`, `5m`",
                       ParseDuration, SpellDuration});
}

std::optional<int64_t> Reader::ReadSpan(const Node& node, Bounds bounds_ms) {
  return ReadQuantity(
      node, bounds_ms,
      {codes::kBadDuration, "a duration or `off`",
       "write a whole number and h, d or y: `12h`, `1d`, `10y`", ParseSpan, SpellSpan});
}

std::optional<int64_t> Reader::ReadSize(const Node& node, Bounds bounds_bytes) {
  return ReadQuantity(node, bounds_bytes,
                      {codes::kBadSize, "a size",
                       "write a whole number and B, KB, MB, GB, KiB, MiB or GiB: `64KB`, `128MiB`",
                       ParseSize, SpellSize});
}

std::optional<bool> Reader::ReadBool(const Node& node) {
  constexpr std::array<Choice<bool>, 2> kChoices{{{"true", true}, {"false", false}}};
  return ReadChoice<bool>(node, kChoices);
}

std::optional<size_t> Reader::Choose(const Node& node, std::span<const std::string> names) {
  const auto index_of = [&](std::string_view value) -> std::optional<size_t> {
    const auto found = std::ranges::find(names, value);
    if (found == names.end()) return std::nullopt;
    return static_cast<size_t>(found - names.begin());
  };
  // YAML reads a plain `null` as nothing, but it is a name like any other here.
  if (node.kind == NodeKind::kNull && index_of(node.text)) return index_of(node.text);
  Text written{.value = node.text, .own = node.text};
  const auto text = node.kind == NodeKind::kNull && !node.text.empty() ? written : ReadText(node);
  if (!text) return std::nullopt;
  if (const auto index = index_of(text->value)) return index;
  const std::string meant = MeantValue(text->value, names);
  ReportValue(node, *text,
              {codes::kUnknownValue, fmt::format("{} cannot be {}", NameOf(node), Shown(node)),
               meant.empty() ? "" : fmt::format("did you mean `{}`?", meant),
               fmt::format("allowed: {}", Join(names, ", "))});
  return std::nullopt;
}

void Reader::Report(const Node& node, Finding finding) {
  Add(node.place, node.length, std::move(finding));
}

void Reader::ReportAtKey(const Node& node, Finding finding) {
  const bool has_key = node.key_place.line > 0;
  Add(has_key ? node.key_place : node.place, has_key ? node.key_length : node.length,
      std::move(finding));
}

void Reader::ReportNoPlace(Finding finding) {
  Add({}, 0, std::move(finding));
}

void Reader::ReportValue(const Node& node, const Text& text, Finding finding) {
  if (text.replaced) finding.label = "this is about the value of the variable, which is not shown";
  Report(node, std::move(finding));
}

std::string Reader::Shown(const Node& node) {
  return InBackticks(node.text);
}

std::string Reader::PathOf(std::string_view path) const {
  return (std::filesystem::path(folder_) / path).lexically_normal().string();
}

void Reader::Add(Place place, int length, Finding finding) {
  if (found_.size() >= kMostProblems) return;
  found_.push_back({.code = std::string(finding.code),
                    .message = std::move(finding.message),
                    .place = place,
                    .length = length,
                    .label = std::move(finding.label),
                    .help = std::move(finding.help)});
}

}  // namespace sluice
