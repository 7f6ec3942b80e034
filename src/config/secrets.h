#pragma once

#include <string_view>

#include "config/reader.h"

namespace sluice {

/// Returns whether a Text::own that must not hold a secret holds one.
bool HoldsSecret(std::string_view own);

/// Reports that the file holds what belongs into a variable or a file of its own (E0124).
void ReportSecretInClear(Reader& reader, const Node& node, std::string_view what);

/// Returns whether an address is this machine: localhost, 127.…, ::1, a socket's folder, or none.
bool IsLocalHost(std::string_view host);

}  // namespace sluice
