#include "serve/status_service.h"

#include <algorithm>

#include "core/clock.h"
#include "serve/health.h"
#include "serve/metrics.h"
#include "serve/page.h"
#include "serve/process_stats.h"
#include "serve/status_json.h"

namespace sluice {
namespace {

constexpr std::string_view kJson = "application/json";

HttpResponse Text(int status, std::string text) {
  return {.status = status, .body = std::move(text)};
}

HttpResponse Asset(std::string_view type, std::string_view content) {
  return {.content_type = std::string(type) + "; charset=utf-8", .body = std::string(content)};
}

HttpResponse Health(const About& about, const std::vector<HealthReason>& reasons) {
  return {.status = reasons.empty() ? 200 : 503,
          .content_type = std::string(kJson),
          .body = HealthJson(about, reasons)};
}

HttpResponse AskForToken() {
  HttpResponse response = Text(401, "the name is `sluice`, the password the token\n");
  response.headers = {{"WWW-Authenticate", "Basic realm=\"sluice\", charset=\"UTF-8\""}};
  return response;
}

// On every answer: nothing is kept, framed, guessed at, or loaded from elsewhere.
void AddSecurityHeaders(HttpResponse& response) {
  response.headers.insert(
      response.headers.end(),
      {{"Cache-Control", "no-store"},
       {"Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
       {"Cross-Origin-Opener-Policy", "same-origin"},
       {"Cross-Origin-Resource-Policy", "same-origin"},
       {"Referrer-Policy", "no-referrer"},
       {"X-Content-Type-Options", "nosniff"},
       {"X-Frame-Options", "DENY"}});
}

}  // namespace

struct StatusService::Route {
  std::string_view path;
  bool open;  // to whoever reaches it: tells nothing of the data
  HttpResponse (StatusService::*answer)() const;
};

const std::vector<StatusService::Route>& StatusService::Routes() {
  static const std::vector<Route> routes{
      {"/livez", true, &StatusService::Live},
      {"/readyz", true, &StatusService::Ready},
      {"/metrics", true, &StatusService::Metrics},
      {"/api/v1/status", false, &StatusService::Status},
      {"/", false, &StatusService::Page},
      {"/page.css", false, &StatusService::Style},
      {"/page.js", false, &StatusService::Script},
  };
  return routes;
}

std::vector<std::string> StatusService::Paths() {
  std::vector<std::string> paths;
  for (const Route& route : Routes()) paths.emplace_back(route.path);
  return paths;
}

HttpResponse StatusService::Answer(const HttpRequest& request) const {
  HttpResponse response = Answered(request);
  AddSecurityHeaders(response);
  return response;
}

HttpResponse StatusService::Answered(const HttpRequest& request) const {
  if (!guard_.KnowsHost(request.host)) {
    return Text(421, "this is not the host you asked for; allow its name with `serve.hosts`\n");
  }
  const auto route = std::ranges::find(Routes(), request.path, &Route::path);
  if (route == Routes().end()) return Text(404, "there is nothing here\n");
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = Text(405, "only GET: nothing is changed here\n");
    response.headers = {{"Allow", "GET, HEAD"}};
    return response;
  }
  if (!route->open) {
    switch (guard_.Judge(request.authorization)) {
      case Guard::Verdict::kAllowed:
        break;
      case Guard::Verdict::kNeedsToken:
        return AskForToken();
      case Guard::Verdict::kClosed:
        return Text(403, "closed beyond 127.0.0.1 until `serve.token` is set\n");
    }
  }
  return (this->*route->answer)();
}

HttpResponse StatusService::Live() const {
  return Health(about_, WhyNotAlive(board_.Snapshot(), Now()));
}

HttpResponse StatusService::Ready() const {
  return Health(about_, WhyNotReady(board_.Snapshot(), Now()));
}

HttpResponse StatusService::Metrics() const {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = MetricsText(about_, board_.Snapshot(), ProcessStats::Read(), Now())};
}

HttpResponse StatusService::Status() const {
  return {.content_type = std::string(kJson),
          .body = StatusJson(about_, board_.Snapshot(), ProcessStats::Read(), Now())};
}

HttpResponse StatusService::Page() const {
  return Asset("text/html", PageHtml());
}

HttpResponse StatusService::Style() const {
  return Asset("text/css", PageCss());
}

HttpResponse StatusService::Script() const {
  return Asset("text/javascript", PageJs());
}

}  // namespace sluice
