#pragma once

#include <string_view>

namespace sluice {

/// Returns the text of explain.md.
std::string_view ExplainText();

}  // namespace sluice
