#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace sluice {

/// Returns `plain` as a raw deflate stream (RFC 1951, no header), the codec of Avro files.
std::string Deflate(std::string_view plain);

enum class DeflateFormat { kRaw, kGzip };

/// Unpacks a whole stream; kFatal when it is broken, cut, or longer than `max_bytes` unpacked.
Result<std::string> Inflate(std::string_view packed, DeflateFormat format, int64_t max_bytes);

}  // namespace sluice
