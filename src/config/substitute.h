#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/environment.h"

namespace sluice {

/// Stands in Text::own for a `${…}` without a default.
inline constexpr char kReference = '\x01';

/// A text of the file with its variables replaced.
struct Text {
  std::string value;      ///< may hold secrets: never shown
  std::string own;        ///< what the file itself says: kReference or the default for each `${…}`
  bool replaced = false;  ///< value holds something that the file does not say
};

/// What is wrong with the bytes [offset, offset + length) of a text.
struct TextProblem {
  std::string_view code;
  size_t offset = 0;
  size_t length = 0;
  std::string message;
  std::string label{};
  std::string help{};
};

/// Where values come from, and how strict to be.
struct Substitution {
  const Environment& environment;
  std::string folder;           ///< what `${file:…}` is relative to
  bool insecure_files = false;  ///< secret files may be readable by others
  bool is_sql = false;          ///< `$name` without braces means something there
};

/// Replaces `${VAR}`, `${VAR:default}`, `${file:/path}` and `$$` (a `$`). A variable that is not
/// set, or is empty and has a default, is looked for in the file that VAR_FILE names.
Text Substitute(std::string_view text, const Substitution& how, std::vector<TextProblem>& problems);

}  // namespace sluice
