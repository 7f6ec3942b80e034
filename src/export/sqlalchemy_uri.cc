#include <fmt/format.h>

#include <array>
#include <cctype>

#include "core/text.h"
#include "export/superset.h"

namespace sluice {
namespace {

using Parameters = std::map<std::string, std::string>;

// Superset shows this instead of a password, and keeps the password apart.
constexpr const char* kMask = "XXXXXXXXXX";

std::string ValueOr(const Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "" : found->second;
}

std::string Encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.');
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return encoded;
}

bool IsSocket(const std::string& host) {
  return host.empty() || host.front() == '/' || host.front() == '@';
}

}  // namespace

std::string SqlAlchemyUri(const Parameters& parameters) {
  const std::string host = Split(ValueOr(parameters, "host"), ',').front();
  const std::string port = Split(ValueOr(parameters, "port"), ',').front();
  const bool socket = IsSocket(host);
  const bool masked = !socket || parameters.contains("password");
  std::string user = ValueOr(parameters, "user");
  if (user.empty() && masked) user = "postgres";
  std::string uri = "postgresql+psycopg2://" + Encoded(user);
  if (masked) uri += fmt::format(":{}", kMask);
  if (!user.empty()) uri += '@';
  if (!socket) uri += host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (!socket && !port.empty()) uri += ":" + port;
  uri += "/" + Encoded(ValueOr(parameters, "dbname"));

  std::string query;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty())
      query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, Encoded(value));
  };
  if (socket) add("host", host);
  if (socket) add("port", port);
  for (const auto* name : {"sslmode", "sslrootcert"}) add(name, ValueOr(parameters, name));
  return uri + query;
}

}  // namespace sluice
