#pragma once

#include <optional>
#include <string>

#include "config/diagnostic.h"
#include "config/source_text.h"

namespace sluice {

/// How far a YAML parser came before it failed.
struct ReadSoFar {
  Place last;                         ///< where the last thing it understood begins
  std::optional<Place> open_bracket;  ///< the innermost `[` or `{` without its end
};

/// Says in a newcomer's words what is wrong with the syntax, given the parser's own message.
Diagnostic SyntaxProblem(const SourceText& source, Place place, const std::string& parser_message,
                         const ReadSoFar& so_far);

}  // namespace sluice
