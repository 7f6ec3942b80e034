#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "serve/http.h"

namespace sluice {

struct HttpServerOptions {
  std::string host = "127.0.0.1";  ///< an IP address; no name is looked up
  uint16_t port = 8080;            ///< 0: any free one
  uint32_t header_bytes = 16 << 10;
  int64_t timeout_ms = 10'000;  ///< for one request to arrive, for one answer to leave, and idle
  size_t connections = 128;     ///< one more is closed at once
};

/// An HTTP/1.1 server on a thread of its own, which ends with this object. It takes requests
/// without a body only.
class HttpServer {
 public:
  /// `answer` runs on the server's thread and must be quick. FailsWith kRetryable (code
  /// `address_in_use`) when another program has the port, kInvalidConfig when the address is not
  /// this machine's or may not be used.
  static Result<std::unique_ptr<HttpServer>> Make(
      const HttpServerOptions& options, std::function<HttpResponse(const HttpRequest&)> answer);
  virtual ~HttpServer() = default;

  /// Returns the port that it listens on.
  virtual uint16_t port() const = 0;
};

}  // namespace sluice
