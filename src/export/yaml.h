#pragma once

#include <string>

#include "export/json.h"

namespace sluice {

/// Returns the document as block YAML that every reader of YAML 1.1 and 1.2 takes for the same
/// JSON: text that could be read as anything else is quoted; text of lines is a literal block.
std::string ToYaml(const Json& document);

}  // namespace sluice
