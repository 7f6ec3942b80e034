#pragma once

#include <string_view>
#include <vector>

#include "config/source_text.h"

namespace sluice {

/// How a YAML text value stands in the file.
struct ScalarLayout {
  int length = 0;            ///< characters on its first line, quotes included
  std::vector<Place> lines;  ///< where each line of the value begins
  bool folded = false;       ///< it spans lines whose breaks became blanks
};

/// Finds the layout of `value`, which begins at byte `byte` of `line`.
ScalarLayout LayoutOf(const SourceText& source, int line, size_t byte, std::string_view value);

}  // namespace sluice
