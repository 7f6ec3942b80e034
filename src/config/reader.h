#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/diagnostic.h"
#include "config/environment.h"
#include "config/load.h"
#include "config/substitute.h"
#include "config/yaml.h"

namespace sluice {

/// A key that a section may have. A key with an `example` must be there.
struct Key {
  std::string_view name;
  std::string_view example;
  std::function<void(const Node&)> read;
};

template <typename T>
using Choice = std::pair<std::string_view, T>;

/// From one to the other, both allowed.
struct Bounds {
  int64_t least;
  int64_t most;
};

/// What a checker says about one value.
struct Finding {
  std::string_view code;
  std::string message;
  std::string label{};
  std::string help{};
};

/// Turns nodes into checked values; every problem goes to the list of what was found. A reading
/// function that returns nothing has reported why.
class Reader {
 public:
  Reader(const Environment& environment, const LoadOptions& options, std::string folder,
         std::vector<Diagnostic>& found)
      : environment_(environment), options_(options), folder_(std::move(folder)), found_(found) {}

  /// Reads a map: each of its keys with the reader of that name; unknown and missing keys are
  /// reported.
  void ReadMap(const Node& node, std::span<const Key> keys);
  /// Returns whether the node is a map, or a list, that is not empty nor longer than `most`; else
  /// reports and shows the example.
  bool IsFilledMap(const Node& node, std::string_view example);
  bool IsFilledList(const Node& node, std::string_view example, size_t most);

  /// Returns the text with its variables replaced; never empty.
  std::optional<Text> ReadText(const Node& node);
  std::optional<Text> ReadMaybeEmptyText(const Node& node);
  std::optional<Text> ReadSql(const Node& node);
  std::optional<int64_t> ReadInteger(const Node& node, Bounds bounds);
  std::optional<int64_t> ReadPercent(const Node& node, Bounds bounds);
  std::optional<int64_t> ReadDuration(const Node& node, Bounds bounds_ms);
  /// Days and years.
  std::optional<int64_t> ReadSpan(const Node& node, Bounds bounds_ms);
  std::optional<int64_t> ReadSize(const Node& node, Bounds bounds_bytes);
  std::optional<bool> ReadBool(const Node& node);
  template <typename T>
  std::optional<T> ReadChoice(const Node& node, std::span<const Choice<T>> choices);

  /// Reports at the value, at its key, or without a place.
  void Report(const Node& node, Finding finding);
  void ReportAtKey(const Node& node, Finding finding);
  void ReportNoPlace(Finding finding);
  /// Reports at the value; when it came from a variable, says so in place of the label, which may
  /// tell the value.
  void ReportValue(const Node& node, const Text& text, Finding finding);

  /// Returns the value as the file writes it, in backticks, cut and made safe to show.
  static std::string Shown(const Node& node);
  /// Returns an absolute path; a relative one begins at the file's folder.
  std::string PathOf(std::string_view path) const;

  const Environment& environment() const { return environment_; }
  const LoadOptions& options() const { return options_; }
  const std::string& folder() const { return folder_; }

 private:
  std::optional<Text> ReadAnyText(const Node& node, bool is_sql, bool may_be_empty);
  /// A number with a unit: how it is read, and how an error speaks of it.
  struct Quantity {
    std::string_view code;
    std::string_view kind;
    std::string_view help;
    Result<int64_t> (*parse)(std::string_view);
    std::string (*spell)(int64_t);
  };
  std::optional<int64_t> ReadQuantity(const Node& node, Bounds bounds, const Quantity& quantity);
  /// Returns the key that was probably meant, or "".
  std::string ReportUnknownKey(const Node& child, const Node& map, std::span<const Key> keys);
  bool IsKind(const Node& node, NodeKind kind, std::string_view wanted, std::string_view example);
  /// Returns the index of the choice, or nothing after reporting.
  std::optional<size_t> Choose(const Node& node, std::span<const std::string> names);
  void Add(Place place, int length, Finding finding);

  const Environment& environment_;
  const LoadOptions& options_;
  std::string folder_;
  std::vector<Diagnostic>& found_;
};

template <typename T>
std::optional<T> Reader::ReadChoice(const Node& node, std::span<const Choice<T>> choices) {
  std::vector<std::string> names;
  for (const auto& choice : choices) names.emplace_back(choice.first);
  const auto index = Choose(node, names);
  if (!index) return std::nullopt;
  return choices[*index].second;
}

}  // namespace sluice
