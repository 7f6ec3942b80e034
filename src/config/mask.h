#pragma once

#include <string>
#include <string_view>

namespace sluice {

/// Returns the file's text with each character of a secret replaced by `*`, so that an excerpt may
/// be shown: passwords in addresses, and values of keys named like a secret outside bronze and
/// silver. A `${…}` stays, unless its default holds the secret.
std::string MaskSecrets(std::string_view text);

}  // namespace sluice
