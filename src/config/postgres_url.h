#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace sluice {

/// What a libpq address says, as far as the loader checks it.
struct PostgresUrl {
  std::vector<std::string> hosts;               ///< empty: the local socket
  std::string secret;                           ///< every password in it, one after the other
  std::map<std::string, std::string> settings;  ///< of the query, or all of key=value
};

/// Takes `postgres://…` or `key=value …` apart; values stay as they are written (`%41` is not
/// decoded). Fails with the reason when it is neither; the reason holds nothing of the text.
Result<PostgresUrl> ParsePostgresUrl(std::string_view text);

}  // namespace sluice
