#pragma once

#include <string_view>

namespace sluice {

/// Returns whether the bytes are UTF-8: no surrogates, no overlong forms. Fast on ASCII.
bool IsUtf8(std::string_view bytes);

}  // namespace sluice
