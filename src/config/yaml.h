#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "config/spec.h"

namespace sluice {

enum class NodeKind { kNull, kText, kMap, kList };

/// One value of a YAML file and where it stands.
struct Node {
  NodeKind kind = NodeKind::kNull;
  std::string key{};  ///< the name it stands under; an item has its list's
  Place key_place{};  ///< line 0 at the root
  int key_length = 0;
  std::string text{};  ///< of a text; of a null what stands for it: "", `~`, `null`
  Place place{};       ///< of the value as written, quotes included
  int length = 0;
  std::vector<Place> lines{};    ///< where each line of `text` begins
  bool folded = false;           ///< line breaks of the file became blanks in `text`
  bool broken = false;           ///< a problem with it was reported: check no further
  std::vector<Node> children{};  ///< of a map, in order, each with its key; of a list
};

/// Reads the one document of a file. Anchors, aliases, tags, keys that are not text, repeated keys
/// and too much nesting are appended to `found`, and reading goes on; nothing is returned when the
/// syntax is broken.
std::optional<Node> ParseYaml(std::string_view text, std::vector<Diagnostic>& found);

}  // namespace sluice
