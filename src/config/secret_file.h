#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace sluice {

/// Fails when the file is missing or not a plain file (E0122), or when others may read or change
/// it (E0123, unless `insecure`). Allowed are 0600 and less, and 0640 for a file of root. Messages
/// name the file by `called` only: a path that came from a variable may be the secret itself.
Status CheckSecretFile(const std::string& path, std::string_view called, bool insecure);

/// Returns the content of a secret file, one line break at its end cut. Fails as CheckSecretFile
/// does, and for more than 64 KiB.
Result<std::string> ReadSecretFile(const std::string& path, std::string_view called, bool insecure);

}  // namespace sluice
