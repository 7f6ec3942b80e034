#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace sluice {

using Json = nlohmann::json;

/// `code` of the kFatal error that every broken or foreign metadata file gives.
inline constexpr std::string_view kBrokenMetadata = "lake_metadata_broken";

/// Returns the kFatal error with kBrokenMetadata.
std::unexpected<Error> Broken(std::string message);

/// Parses a whole document; nesting over 64 levels is refused. `what` names it in the error.
Result<Json> ParseJson(std::string_view text, std::string_view what);

/// Returns one line of JSON; never fails (bytes that are not UTF-8 become U+FFFD).
std::string WriteJson(const Json& json);

/// Member `key` of an object: null when `object` is none, has no such key, or it is JSON null.
const Json* Member(const Json& object, const char* key);

std::optional<int64_t> IntMember(const Json& object, const char* key);
std::optional<std::string> TextMember(const Json& object, const char* key);

/// Returns the array `key`; empty when it is missing or no array.
const Json& ListMember(const Json& object, const char* key);

/// Like the above, but Broken with the key's name where it is missing or of another type.
Result<int64_t> NeedInt(const Json& object, const char* key);
Result<std::string> NeedText(const Json& object, const char* key);

}  // namespace sluice
