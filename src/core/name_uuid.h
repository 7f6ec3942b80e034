#pragma once

#include <string_view>

#include "core/types.h"

namespace sluice {

/// Returns the version 5 UUID (RFC 9562) of `name` in the space `space`, which is a UUID as text:
/// the same bytes at every call, on every machine.
Uuid NameUuid(const Uuid& space, std::string_view name);

}  // namespace sluice
