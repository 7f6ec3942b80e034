#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// Who may ask what.
class Guard {
 public:
  /// `hosts` are names besides loopback's. An empty `token` is none.
  Guard(const std::vector<std::string>& hosts, const std::string& token, bool loopback);

  /// Returns whether a Host header names us: another name may be a page of a stranger whose
  /// address was turned to ours (DNS rebinding). That takes a name, so beyond loopback, where a
  /// scraper finds us by address, any IP address will do.
  bool KnowsHost(std::string_view header) const;

  enum class Verdict { kAllowed, kNeedsToken, kClosed };
  /// Judges a request for the page or the API. Compares in constant time. Beyond loopback nobody
  /// is allowed where no token was set (kClosed).
  Verdict Judge(std::string_view authorization) const;

 private:
  std::vector<std::string> hosts_;
  std::vector<std::string> accepted_;  ///< whole Authorization headers
  bool loopback_;
};

/// Returns standard base64 with padding.
std::string Base64(std::string_view bytes);

}  // namespace sluice
