#include "decode/fault.h"

#include <algorithm>

#include "core/text.h"

namespace sluice::json {
namespace {
constexpr size_t kSnippetBytes = 32;
}

std::string Spell(const FieldPath* path) {
  if (path == nullptr) return {};
  if (path->parent == nullptr) return std::string(path->name);
  const std::string_view dot = path->name == kElementPath ? "" : ".";
  return Spell(path->parent).append(dot).append(path->name);
}

std::string Snippet(std::string_view text, size_t position) {
  const std::string_view rest = text.substr(std::min(position, text.size()));
  if (rest.empty()) return "the end";
  const std::string_view cut = CutUtf8(rest, kSnippetBytes);
  return "`" + EscapeControl(cut) + (cut.size() < rest.size() ? "…`" : "`");
}

}  // namespace sluice::json
