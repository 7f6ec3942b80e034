#include "serve/guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

namespace sluice {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

// A Host header without its port.
std::string HostName(std::string_view header) {
  const size_t colon =
      header.starts_with('[') ? header.find(':', header.find(']')) : header.find(':');
  return Lower(header.substr(0, colon));
}

bool IsIp(std::string name) {
  unsigned char bytes[sizeof(in6_addr)];
  if (inet_pton(AF_INET, name.c_str(), bytes) == 1) return true;
  if (!name.starts_with('[') || !name.ends_with(']')) return false;
  name = name.substr(1, name.size() - 2);
  return inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

// Takes as long for a near miss as for a far one.
bool IsSame(std::string_view given, std::string_view wanted) {
  unsigned char difference = given.size() == wanted.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i] ^ wanted[i % wanted.size()]);
  }
  return difference == 0;
}

}  // namespace

Guard::Guard(const std::vector<std::string>& hosts, const std::string& token, bool loopback)
    : hosts_{"localhost", "127.0.0.1", "[::1]"}, loopback_(loopback) {
  for (const auto& host : hosts) hosts_.push_back(Lower(host));
  if (token.empty()) return;
  accepted_ = {"Bearer " + token, "Basic " + Base64("sluice:" + token)};
}

bool Guard::KnowsHost(std::string_view header) const {
  const std::string name = HostName(header);
  return std::ranges::find(hosts_, name) != hosts_.end() || (!loopback_ && IsIp(name));
}

Guard::Verdict Guard::Judge(std::string_view authorization) const {
  if (accepted_.empty()) return loopback_ ? Verdict::kAllowed : Verdict::kClosed;
  bool allowed = false;
  for (const auto& accepted : accepted_) allowed |= IsSame(authorization, accepted);
  return allowed ? Verdict::kAllowed : Verdict::kNeedsToken;
}

std::string Base64(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    const size_t taken = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (j < taken ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (size_t j = 0; j < 4; ++j) {
      text += j <= taken ? kDigits[bits >> (18 - 6 * j) & 63U] : '=';
    }
  }
  return text;
}

}  // namespace sluice
