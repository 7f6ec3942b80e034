#include "config/secrets.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/codes.h"
#include "config/suggest.h"

namespace sluice {

bool HoldsSecret(std::string_view own) {
  return std::ranges::any_of(own, [](char c) { return c != kReference && c != ' ' && c != '\n'; });
}

void ReportSecretInClear(Reader& reader, const Node& node, std::string_view what) {
  reader.Report(
      node, {codes::kSecretInClear, fmt::format("{} stands in the file for everyone to read", what),
             "", "write `${NAME}` and set the variable, or `${file:/run/secrets/…}`"});
}

bool IsLocalHost(std::string_view host) {
  const std::string lower = LowerAscii(host);
  return lower.empty() || lower == "localhost" || lower == "::1" || lower.starts_with('/') ||
         lower.starts_with('@') ||
         (lower.starts_with("127.") && lower.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace sluice
