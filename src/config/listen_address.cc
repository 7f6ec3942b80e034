#include "config/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

bool IsIp(int family, const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(family, host.c_str(), bytes) == 1;
}

std::unexpected<Error> NotAnAddress(std::string why) {
  return Fail(ErrorKind::kInvalidConfig, std::move(why),
              "write IP:PORT, such as `127.0.0.1:8080`, or `off`");
}

}  // namespace

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return NotAnAddress("the port is missing");
  ListenAddress address{.host = std::string(text.substr(0, colon)), .port = 0};
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.begin(), port.end(), address.port);
  if (error != std::errc{} || end != port.end() || address.port < 0 || address.port > 65'535) {
    return NotAnAddress("the port is not a number from 0 to 65535");
  }
  if (address.host == "localhost") address.host = "127.0.0.1";
  const bool bracketed = address.host.starts_with('[') && address.host.ends_with(']');
  if (bracketed) address.host = address.host.substr(1, address.host.size() - 2);
  if (!IsIp(bracketed ? AF_INET6 : AF_INET, address.host)) {
    return NotAnAddress("what stands before the port is not an IP address");
  }
  return address;
}

bool IsLoopback(const ListenAddress& address) {
  return address.host.starts_with("127.") || address.host == "::1";
}

bool IsHostName(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

}  // namespace sluice
