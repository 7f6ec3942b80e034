#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/environment.h"
#include "core/result.h"

namespace sluice {

using AwsProfile = std::map<std::string, std::string>;  ///< `region` and others by their AWS names

/// Returns what ~/.aws/credentials and ~/.aws/config say of a profile, the first before the
/// second; nothing when neither file knows it. AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE
/// name other files. Fails as CheckSecretFile does when others may read a file with keys in it.
Result<std::optional<AwsProfile>> ReadAwsProfile(const Environment& environment,
                                                 const std::string& name, bool insecure_files);

/// Returns one section of such a file; nothing when there is none. Nested settings are skipped.
std::optional<AwsProfile> ParseAwsSection(std::string_view text, std::string_view section);

}  // namespace sluice
