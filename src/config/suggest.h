#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice {

/// Returns the key among `names` that was probably meant: another spelling, or the word that other
/// programs use for it (`brokers` for `kafka`); "" when none is likely.
std::string MeantKey(std::string_view word, std::span<const std::string> names);

/// The same for a value: `yes` for `true`, `first` for `earliest`.
std::string MeantValue(std::string_view word, std::span<const std::string> names);

/// The same for a column type: `varchar` for `string`, `bigint` for `long`.
std::string MeantType(std::string_view word);

/// Returns the text with A to Z in lower case.
std::string LowerAscii(std::string_view text);

}  // namespace sluice
