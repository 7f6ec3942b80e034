#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::json {

/// Writes the bytes of base64 text (RFC 4648's first alphabet, padded) to `to`, which has room for
/// text.size() bytes; returns how many, or nothing when the text is no such thing.
std::optional<size_t> DecodeBase64(std::string_view text, char* to);

}  // namespace sluice::json
