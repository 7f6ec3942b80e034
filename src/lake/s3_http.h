#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "lake/s3_curl.h"

namespace sluice {

/// What a request sends: bytes, or the content of an open file. Must outlive the request.
struct HttpBody {
  std::string_view bytes{};
  int file = -1;  ///< a descriptor; read from its start, its position does not matter
  int64_t size_bytes = 0;
};

/// Whom a request says it is from.
struct S3Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< empty: none
  bool operator==(const S3Credentials&) const = default;
};

struct HttpRequest {
  std::string method;  ///< GET, HEAD, PUT, DELETE
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers{};
  const HttpBody* body = nullptr;  ///< for PUT
  int64_t max_reply_bytes = 0;
  SteadyTime deadline;
};

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in small letters
  std::string body;
};

/// `code` of an error that says the reply was longer than allowed.
inline constexpr std::string_view kReplyTooLong = "reply_too_long";
/// `code` of an error that says who the server is could not be proven.
inline constexpr std::string_view kServerNotTrusted = "server_not_trusted";

struct HttpOptions {
  std::string region;
  std::string ca_file;  ///< empty: the system's
  int64_t connect_timeout_ms = 3'000;
  int64_t stalled_after_s = 20;  ///< no byte moved for so long: the connection is dead
  std::stop_token stop{};        ///< ends requests under way within about a second
};

/// Sends one signed request at a time on each thread; connections are kept. Follows no redirect,
/// talks to nobody whose certificate it cannot check. Thread-safe.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options) : options_(std::move(options)) {}

  /// Returns the server's reply, whatever its status. FailsWith kRetryable when there is none by
  /// the deadline (a PUT may have been carried out all the same), kFatal with kReplyTooLong,
  /// kInvalidConfig with kServerNotTrusted, kShutdown once stopped (the same holds for a PUT).
  Result<HttpReply> Send(const HttpRequest& request, const S3Credentials& credentials);

 private:
  HttpOptions options_;
  CurlPool pool_;
};

}  // namespace sluice
