#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// Returns the long text for a code (`E0107`, case does not matter) or its name (`unknown_key`):
/// the cause, a wrong and a right example. Nothing for one that does not exist.
std::optional<std::string> Explain(std::string_view code);

/// Returns the machine name of a code, `unknown_key`; "" for a code that does not exist.
std::string CodeName(std::string_view code);

/// Returns all codes, sorted.
std::vector<std::string> AllCodes();

}  // namespace sluice
