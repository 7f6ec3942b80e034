#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::json {

/// What a string's escapes came to.
struct Unescaped {
  enum class Problem { kNone, kBadEscape, kLoneSurrogate, kNul };
  size_t size = 0;                   ///< bytes written
  Problem problem = Problem::kNone;  ///< the first; kBadEscape ends the work
  size_t position = 0;               ///< of the problem, in the raw text
};

/// Writes the text between two quotes without its escapes to `to`, which has room for raw.size()
/// bytes. `\u0000` is left out, and a problem unless `strip_nul`; a surrogate without its partner
/// is left out, and a problem.
Unescaped Unescape(std::string_view raw, bool strip_nul, char* to);

}  // namespace sluice::json
