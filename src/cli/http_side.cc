#include "cli/http_side.h"

#include <fmt/format.h>

#include "config/listen_address.h"
#include "core/log.h"
#include "serve/status_service.h"

namespace sluice::cli {
namespace {

constexpr int32_t kDefaultPort = 8080;

std::string Url(const ListenAddress& address, uint16_t port) {
  const bool six = address.host.find(':') != std::string::npos;
  return fmt::format("http://{}:{}/", six ? "[" + address.host + "]" : address.host, port);
}

void SayWhere(const ServeSpec& serve, const ListenAddress& address, uint16_t port) {
  Log(LogLevel::kInfo, "status page at " + Url(address, port));
  if (!IsLoopback(address) && serve.token.empty()) {
    Log(LogLevel::kWarn,
        "others may connect: only /livez, /readyz and /metrics are open to them; set "
        "SLUICE_HTTP_TOKEN for the page");
  }
}

}  // namespace

Result<ServeSpec> ServeOf(const HttpArgs& args, const Spec& spec) {
  ServeSpec serve = spec.serve;
  if (!args.hosts.empty()) serve.hosts = args.hosts;
  for (const auto& host : args.hosts) {
    if (!IsHostName(host)) {
      return Fail(ErrorKind::kUsage, fmt::format("--http-host: no host is named `{}`", host),
                  "write the name alone, without scheme and port");
    }
  }
  if (args.address.empty()) return serve;
  serve.off = args.address == "off";
  serve.http.reset();
  if (serve.off) return serve;
  auto address = ParseListenAddress(args.address);
  if (!address) {
    return Fail(ErrorKind::kUsage,
                fmt::format("--http {}: {}", args.address, address.error().message),
                address.error().hint);
  }
  serve.http = *std::move(address);
  return serve;
}

ListenAddress DefaultListenAddress() {
  return {.host = "127.0.0.1", .port = kDefaultPort};
}

Result<std::unique_ptr<HttpServer>> StartHttp(const ServeSpec& serve, const Spec& spec,
                                              const StatusBoard& board) {
  if (serve.off) return nullptr;
  const ListenAddress address = serve.http.value_or(DefaultListenAddress());
  const auto service = std::make_shared<StatusService>(
      About::Of(spec, VersionText()), Guard(serve.hosts, serve.token, IsLoopback(address)), board);
  auto server =
      HttpServer::Make({.host = address.host, .port = static_cast<uint16_t>(address.port)},
                       [service](const HttpRequest& request) { return service->Answer(request); });
  if (!server) {
    if (serve.http || server.error().code != "address_in_use") return server;
    Log(LogLevel::kWarn,
        fmt::format("no status page: another program listens on {}:{}; name another port with "
                    "--http 127.0.0.1:PORT",
                    address.host, address.port));
    return nullptr;
  }
  SayWhere(serve, address, (*server)->port());
  return server;
}

}  // namespace sluice::cli
