#include "postgres/conninfo.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "core/text.h"
#include "postgres/pq.h"

namespace sluice {
namespace {

// Where Debian, Red Hat and Alpine keep the authorities that the system trusts.
constexpr std::array kSystemCertificates{"/etc/ssl/certs/ca-certificates.crt",
                                         "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
// The first libpq that knows `sslrootcert=system`.
constexpr int kKnowsSystem = 160'000;

// A parameter that hardly anybody sets, and a value for it that libpq refuses.
constexpr std::string_view kStopper = "ssl_max_protocol_version";
constexpr std::string_view kStop = "stop";

std::string ValueOr(const ConnectParams& params, const std::string& name) {
  const auto found = params.find(name);
  return found == params.end() ? "" : found->second;
}

ConnectParams ParamsOf(const PqOptions& options) {
  ConnectParams params;
  for (auto* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') params[option->keyword] = option->val;
  }
  return params;
}

Result<ConnectParams> Read(const std::string& conninfo) {
  char* message = nullptr;
  const PqOptions parsed(PQconninfoParse(conninfo.c_str(), &message));
  const PqText owned(message);
  if (parsed) return ParamsOf(parsed);
  // The message quotes pieces of the address, which may hold the password.
  return Fail(ErrorKind::kInvalidConfig, "the warehouse address cannot be read",
              "write postgres://user:password@host:5432/database, with %XX for special bytes");
}

// Lets libpq itself look into service file and environment, and stops it before it connects.
Result<ConnectParams> LetLibpqComplete(const ConnectParams& given) {
  std::vector<const char*> names, values;
  for (const auto& [name, value] : given) {
    if (name == kStopper) continue;
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.insert(names.end(), {kStopper.data(), nullptr});
  values.insert(values.end(), {kStop.data(), nullptr});
  const PqConnection connection(PQconnectStartParams(names.data(), values.data(), 0));
  if (!connection) return Fail(ErrorKind::kFatal, "libpq is out of memory");
  std::string_view message = PQerrorMessage(connection.get());
  while (message.ends_with('\n')) message.remove_suffix(1);
  if (message.find(kStopper) == std::string_view::npos) {
    return Fail(ErrorKind::kInvalidConfig, fmt::format("the warehouse address: {}", message),
                "check it, the service file that it names, and the PG… variables");
  }
  ConnectParams params = ParamsOf(PqOptions(PQconninfo(connection.get())));
  params.erase(std::string(kStopper));
  if (const auto own = given.find(std::string(kStopper)); own != given.end()) params.insert(*own);
  return params;
}

bool IsThisMachine(std::string_view host) {
  constexpr std::string_view kLocal = "localhost";
  const bool named =
      std::ranges::equal(host, kLocal, [](char a, char b) { return (a | 0x20) == b; });
  return named || host.empty() || host == "::1" || host.front() == '/' || host.front() == '@' ||
         (host.starts_with("127.") &&
          host.find_first_not_of("0123456789.") == std::string_view::npos);
}

// Where libpq looks by itself.
std::string OwnRootCertificate() {
  constexpr std::string_view kBelowHome = "/.postgresql/root.crt";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    return home + std::string(kBelowHome);
  }
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(geteuid(), &entry, room.data(), room.size(), &found);
  return found == nullptr ? "" : found->pw_dir + std::string(kBelowHome);
}

std::string SystemCertificates() {
  for (const char* path : kSystemCertificates) {
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

// `prefer`, what libpq has when nobody said anything, proves nothing: it counts only where the
// address itself asks for it.
Status ChooseTls(const ConnectParams& given, RemoteTls tls, ConnectParams& params) {
  std::string& mode = params["sslmode"];
  const bool remote = IsRemote(params);
  if (remote && mode == "prefer" && !given.contains("sslmode")) mode = "verify-full";
  if (remote && mode != "verify-full" && tls == RemoteTls::kVerified) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("`sslmode={}` does not prove who the remote server is", mode),
                "use `sslmode=verify-full` with `sslrootcert=…`, or allow it with --insecure-tls",
                "E0125");
  }
  if (!mode.starts_with("verify-")) return {};
  const std::string root = ValueOr(params, "sslrootcert");
  // Without a root certificate libpq refuses every server; the system's authorities vouch for
  // managed services.
  const bool system = root == "system" && PQlibVersion() < kKnowsSystem;
  if (system || (root.empty() && !std::filesystem::exists(OwnRootCertificate()))) {
    params["sslrootcert"] = SystemCertificates();
  }
  return {};
}

}  // namespace

bool IsRemote(const ConnectParams& params) {
  std::vector<std::string> hosts = Split(ValueOr(params, "host"), ',');
  for (auto& address : Split(ValueOr(params, "hostaddr"), ',')) hosts.push_back(address);
  return !std::ranges::all_of(hosts, IsThisMachine);
}

Result<ConnectParams> CompleteConninfo(const std::string& conninfo, RemoteTls tls) {
  SLUICE_ASSIGN(const ConnectParams given, Read(conninfo));
  SLUICE_ASSIGN(ConnectParams params, LetLibpqComplete(given));
  SLUICE_TRY(ChooseTls(given, tls, params));
  const bool several = ValueOr(params, "host").find(',') != std::string::npos;
  if (several && ValueOr(params, "target_session_attrs") == "any") {
    params["target_session_attrs"] = "read-write";
  }
  params["client_encoding"] = "UTF8";
  params["tcp_user_timeout"] = "15000";
  for (const auto& [name, value] : ConnectParams{
           {"keepalives_idle", "10"}, {"keepalives_interval", "5"}, {"keepalives_count", "3"}}) {
    if (!given.contains(name)) params[name] = value;
  }
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
