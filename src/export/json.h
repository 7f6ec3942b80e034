#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace sluice {

/// A document whose keys keep the order they were written in.
using Json = nlohmann::ordered_json;

/// Text files by path, sorted, so that the same content is the same archive.
using Files = std::map<std::string, std::string>;

/// Returns the member, or null when `document` is no object or has none; valid while it lives.
const Json& At(const Json& document, std::string_view key);

/// Returns the member's text, or "" when it is absent or no text.
std::string TextAt(const Json& document, std::string_view key);

}  // namespace sluice
