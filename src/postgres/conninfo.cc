#include "postgres/conninfo.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/text.h"
#include "postgres/pq.h"

namespace sluice {
namespace {

constexpr const char* kSystemCertificates = "/etc/ssl/certs/ca-certificates.crt";

std::string ValueOr(const ConnectParams& params, const std::string& name) {
  const auto found = params.find(name);
  return found == params.end() ? "" : found->second;
}

// Adds what the environment and libpq itself would fill in, so that our defaults come last.
void AddEnvironment(ConnectParams& params) {
  constexpr std::array<std::string_view, 4> kWanted{"host", "hostaddr", "sslmode", "sslrootcert"};
  const PqOptions defaults(PQconndefaults());
  for (auto* option = defaults.get(); option != nullptr && option->keyword != nullptr; ++option) {
    const bool wanted = std::ranges::find(kWanted, option->keyword) != kWanted.end();
    // `prefer`, what libpq has when the environment says nothing, authenticates nobody.
    if (wanted && option->val != nullptr && std::string_view(option->val) != "prefer") {
      params.emplace(option->keyword, option->val);
    }
  }
}

bool IsThisMachine(std::string_view host) {
  constexpr std::array<std::string_view, 4> kLocal{"", "localhost", "127.0.0.1", "::1"};
  return std::ranges::find(kLocal, host) != kLocal.end() || host.front() == '/' ||
         host.front() == '@';
}

bool IsRemote(const ConnectParams& params) {
  if (params.contains("service")) return true;
  std::vector<std::string> hosts = Split(ValueOr(params, "host"), ',');
  for (auto& address : Split(ValueOr(params, "hostaddr"), ',')) hosts.push_back(address);
  return !std::ranges::all_of(hosts, IsThisMachine);
}

// Where libpq looks by itself.
std::string OwnRootCertificate() {
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(geteuid(), &entry, room.data(), room.size(), &found);
  return found == nullptr ? "" : std::string(entry.pw_dir) + "/.postgresql/root.crt";
}

void RequireTls(ConnectParams& params) {
  if (!IsRemote(params) || !params.emplace("sslmode", "verify-full").second) return;
  // Without a root certificate libpq 15 refuses every server; the system's bundle knows the public
  // authorities of managed services.
  if (!std::filesystem::exists(OwnRootCertificate()) &&
      std::filesystem::exists(kSystemCertificates)) {
    params.emplace("sslrootcert", kSystemCertificates);
  }
}

}  // namespace

Result<ConnectParams> CompleteConninfo(const std::string& conninfo) {
  char* message = nullptr;
  const PqOptions parsed(PQconninfoParse(conninfo.c_str(), &message));
  const PqText owned(message);
  if (!parsed) {
    // The message quotes pieces of the address, which may hold the password.
    return Fail(ErrorKind::kInvalidConfig, "the warehouse address cannot be read",
                "write postgres://user:password@host:5432/database, with %XX for special bytes");
  }
  ConnectParams params;
  for (auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) params[option->keyword] = option->val;
  }
  AddEnvironment(params);
  RequireTls(params);
  params["client_encoding"] = "UTF8";
  params["tcp_user_timeout"] = "15000";
  params.insert({{"keepalives", "1"},
                 {"keepalives_idle", "10"},
                 {"keepalives_interval", "5"},
                 {"keepalives_count", "3"}});
  return params;
}

std::string SpellParameter(std::string_view name, std::string_view value) {
  std::string text(name);
  text += "='";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

std::string SpellConninfo(const ConnectParams& params) {
  std::string text;
  for (const auto& [name, value] : params) {
    if (!text.empty()) text += ' ';
    text += SpellParameter(name, value);
  }
  return text;
}

}  // namespace sluice
