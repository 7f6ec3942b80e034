#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/http_side.h"
#include "cli/output.h"
#include "core/text.h"
#include "serve/http_get.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kWait{5};

// Where to ask: a run that listens everywhere is asked on this machine.
Result<ListenAddress> AskedAddress(const ServeSpec& serve) {
  ListenAddress address = serve.http.value_or(DefaultListenAddress());
  if (serve.off || address.port == 0) {
    return Fail(ErrorKind::kUsage,
                serve.off ? "the run answers no HTTP: it is off"
                          : "port 0 is any free one, which only the run knows",
                "name the run's address with --http IP:PORT or SLUICE_HTTP");
  }
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return address;
}

Result<json> AskReadiness(const HttpArgs& http, const Spec& spec) {
  SLUICE_ASSIGN(const ServeSpec serve, ServeOf(http, spec));
  SLUICE_ASSIGN(const ListenAddress address, AskedAddress(serve));
  SLUICE_ASSIGN(const HttpAnswer answer,
                HttpGet(address.host, static_cast<uint16_t>(address.port), "/readyz", kWait));
  json health = json::parse(answer.body, nullptr, false);
  if (!health.is_object() || !health.contains("pipeline") || health["pipeline"] != spec.pipeline) {
    return Fail(ErrorKind::kRetryable,
                fmt::format("what answers at {}:{} is not a run of pipeline `{}`", address.host,
                            address.port, spec.pipeline),
                "name the run's address with --http IP:PORT or SLUICE_HTTP");
  }
  return health;
}

}  // namespace

int ShowHealth(const CommonArgs& common, const HttpArgs& http) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const auto health = AskReadiness(http, *spec);
  if (!health) return Failed(common, health.error());
  const bool ready = health->value("ok", false);
  if (common.json()) {
    Print(health->dump() + "\n");
  } else {
    std::string text = ready ? "ready\n" : "not ready\n";
    for (const auto& reason : health->value("reasons", json::array())) {
      text += "  " + EscapeControl(reason.value("text", "")) + "\n";
    }
    Print(text);
  }
  return ready ? 0 : 1;
}

}  // namespace sluice::cli
