#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// What of a request matters here. Requests with a body never get this far.
struct HttpRequest {
  std::string method;
  std::string path;    ///< without the query
  std::string host{};  ///< the Host header as it came; may be empty
  std::string authorization{};
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};  ///< besides type and length
};

}  // namespace sluice
