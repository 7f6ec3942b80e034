#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/spec.h"

namespace sluice {

/// One problem in the pipeline file, or in the world it describes.
struct Diagnostic {
  std::string code;     ///< `E0107`
  std::string message;  ///< one line, no full stop: "unknown key `fromat`"
  Place place{};        ///< line 0: it has no place
  int length = 0;       ///< characters under the caret; 0 counts as 1
  std::string label{};  ///< beside the caret: "did you mean `format`?"
  std::string help{};   ///< the cure, in words; may be empty
};

/// So many problems of a file are reported at most.
inline constexpr size_t kMostProblems = 100;

/// Problems of one file, by place.
struct Diagnostics {
  std::string file;  ///< as the reader knows it: `sluice.yml`
  std::string text;  ///< the file's own text, secrets in it replaced by `*`; may be empty
  std::vector<Diagnostic> items;
};

/// Returns problems that a later stage found, ready to be shown: the text is read again from
/// spec.file, and left empty when that fails.
Diagnostics AboutFile(const Spec& spec, std::vector<Diagnostic> items);

/// Returns all items as product.md shows them, an empty line between two, sorted by place.
std::string Render(const Diagnostics& diagnostics, bool colour);

/// Returns `{"file": …, "errors": [{"code", "name", "message", "line", "column", "length", "label",
/// "help"}, …]}` on one line; line and column are null without a place.
std::string RenderJson(const Diagnostics& diagnostics);

}  // namespace sluice
