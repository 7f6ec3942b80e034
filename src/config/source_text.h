#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec.h"

namespace sluice {

/// The lines of a file, for places and excerpts. Points into the text it was made from.
class SourceText {
 public:
  explicit SourceText(std::string_view text);

  /// Returns line `number`, from 1, without its line break; "" beyond the end.
  std::string_view Line(int number) const;
  int lines() const { return static_cast<int>(lines_.size()); }
  /// Returns the place of byte `byte` (from 0) of a line; columns count characters.
  Place At(int line, size_t byte) const;

 private:
  std::vector<std::string_view> lines_;
};

/// Returns the number of UTF-8 characters.
int CountCharacters(std::string_view text);

/// Returns the first `count` characters, fewer when the text ends before.
std::string_view FirstCharacters(std::string_view text, int count);

/// Returns the columns that a terminal gives to the text: 2 for wide characters, 0 for marks that
/// combine with the one before.
int DisplayWidth(std::string_view text);

/// Returns the first byte that is not valid UTF-8, or a control byte other than tab and line break.
std::optional<size_t> FirstBadByte(std::string_view text);

}  // namespace sluice
