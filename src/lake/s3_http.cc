#include "lake/s3_http.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/text.h"

namespace sluice {
namespace {

constexpr int64_t kBufferBytes = 512 << 10;
constexpr int64_t kMaxFailureBytes = 256 << 10;
constexpr size_t kMaxHeaders = 100;
constexpr size_t kMaxHeaderBytes = 8 << 10;

// What one transfer's callbacks need. They only copy.
struct Transfer {
  HttpReply reply;
  int64_t max_reply_bytes = 0;
  bool too_long = false;
  bool is_failure = false;
  const HttpBody* body = nullptr;
  int64_t sent = 0;
};

size_t TakeBody(char* bytes, size_t, size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  // The limit is for what was asked for; the story of a failure has its own.
  const int64_t most = transfer.is_failure ? kMaxFailureBytes : transfer.max_reply_bytes;
  if (static_cast<int64_t>(transfer.reply.body.size() + size) > most) {
    transfer.too_long = true;
    return 0;
  }
  transfer.reply.body.append(bytes, size);
  return size;
}

size_t TakeHeader(char* bytes, size_t, size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  auto& headers = transfer.reply.headers;
  const std::string_view line(bytes, size);
  if (line.starts_with("HTTP/")) {
    headers.clear();  // what came before was `100 Continue`
    transfer.is_failure = !line.substr(line.find(' ') + 1).starts_with('2');
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || size > kMaxHeaderBytes || headers.size() > kMaxHeaders) {
    return size;
  }
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
  headers[std::move(name)] = value;
  return size;
}

size_t GiveBody(char* into, size_t, size_t room, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const HttpBody& body = *transfer.body;
  const auto rest = static_cast<size_t>(body.size_bytes - transfer.sent);
  size_t count = std::min(room, rest);
  if (body.file < 0) {
    std::memcpy(into, body.bytes.data() + transfer.sent, count);
  } else if (count > 0) {
    ssize_t got = -1;
    do {
      got = pread(body.file, into, count, static_cast<off_t>(transfer.sent));
    } while (got < 0 && errno == EINTR);
    if (got <= 0) return CURL_READFUNC_ABORT;  // cut by someone while we send it
    count = static_cast<size_t>(got);
  }
  transfer.sent += static_cast<int64_t>(count);
  return count;
}

// curl goes back to the start when a kept connection turns out dead.
int SeekBody(void* context, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (origin != SEEK_SET || offset < 0 || offset > transfer.body->size_bytes) {
    return CURL_SEEKFUNC_FAIL;
  }
  transfer.sent = offset;
  return CURL_SEEKFUNC_OK;
}

// curl asks about once a second, also while nothing moves.
int EndOnStop(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(context)->stop_requested() ? 1 : 0;
}

void SetConnection(CURL* curl, const HttpOptions& options, int64_t left_ms) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(left_ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(left_ms, options.connect_timeout_ms)));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stalled_after_s));
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, static_cast<long>(kBufferBytes));
  curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(kBufferBytes));
  if (!options.stop.stop_possible()) return;
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, EndOnStop);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &options.stop);
}

// curl signs the address as it is written and every header that we add; the payload's hash is
// among them (`x-amz-content-sha256`), which curl does not add by itself.
void SetSignature(CURL* curl, const HttpOptions& options, const S3Credentials& credentials) {
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, fmt::format("aws:amz:{}:s3", options.region).c_str());
  curl_easy_setopt(curl, CURLOPT_USERNAME, credentials.access_key_id.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, credentials.secret_access_key.c_str());
}

void SetHeaders(CURL* curl, CurlHeaders& lines, const HttpRequest& request,
                const S3Credentials& credentials) {
  for (const auto& [name, value] : request.headers) lines.Add(fmt::format("{}: {}", name, value));
  if (!credentials.session_token.empty()) {
    lines.Add("x-amz-security-token: " + credentials.session_token);
  }
  // No `Expect:` to turn that off: this curl would sign it.
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines.get());
}

void SetMethod(CURL* curl, const HttpRequest& request, Transfer& transfer) {
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, TakeHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (request.body != nullptr) {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(request.body->size_bytes));
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, GiveBody);
    curl_easy_setopt(curl, CURLOPT_READDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, SeekBody);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, &transfer);
  } else if (request.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

bool IsAboutTrust(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_INVALIDCERTSTATUS;
}

// Scheme and host only: keys and parameters are no part of a message.
std::string_view ServerOf(std::string_view url) {
  const size_t host = url.find("://") + 3;
  return url.substr(0, std::min(url.find('/', host), url.size()));
}

std::unexpected<Error> Stopped() {
  return Fail(ErrorKind::kShutdown, "stopped while the S3 store was asked");
}

std::unexpected<Error> TransferError(CURLcode code, std::string_view said, const Transfer& transfer,
                                     const HttpRequest& request) {
  if (transfer.too_long) {
    return Fail(ErrorKind::kFatal,
                fmt::format("the reply is longer than {} bytes", request.max_reply_bytes), {},
                std::string(kReplyTooLong));
  }
  if (code == CURLE_ABORTED_BY_CALLBACK) return Stopped();
  const std::string_view reason = said.empty() ? curl_easy_strerror(code) : said;
  const std::string text = fmt::format("{}: {}", ServerOf(request.url), EscapeControl(reason));
  if (code == CURLE_URL_MALFORMAT) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("the S3 endpoint is no address of a server: {}", text),
                "write `lake.s3.endpoint` (or S3_ENDPOINT) as `https://host:port`");
  }
  if (IsAboutTrust(code)) {
    return Fail(ErrorKind::kInvalidConfig, fmt::format("the S3 store cannot be trusted: {}", text),
                "set `lake.s3.ca_file` (or AWS_CA_BUNDLE) to the certificate of its authority, and "
                "name the host as its certificate does",
                std::string(kServerNotTrusted));
  }
  return Fail(ErrorKind::kRetryable, fmt::format("the S3 store does not answer: {}", text),
              "is it running, and is `lake.s3.endpoint` (or S3_ENDPOINT) its address?");
}

}  // namespace

Result<HttpReply> HttpClient::Send(const HttpRequest& request, const S3Credentials& credentials) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(request.deadline - Now());
  if (left.count() <= 0) {
    return Fail(ErrorKind::kRetryable,
                fmt::format("the S3 store is too slow: {}", ServerOf(request.url)));
  }
  if (options_.stop.stop_requested()) return Stopped();
  CurlHandle handle = pool_.Take();
  if (handle == nullptr) return Fail(ErrorKind::kRetryable, "no memory for a connection to S3");
  CURL* const curl = handle.get();
  Transfer transfer{.reply = {},
                    .max_reply_bytes = request.max_reply_bytes,
                    .too_long = false,
                    .is_failure = false,
                    .body = request.body,
                    .sent = 0};
  std::array<char, CURL_ERROR_SIZE> said{};
  CurlHeaders lines;
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, said.data());
  SetConnection(curl, options_, left.count());
  SetMethod(curl, request, transfer);
  SetSignature(curl, options_, credentials);
  SetHeaders(curl, lines, request, credentials);
  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  transfer.reply.status = static_cast<int>(status);
  // A handle whose transfer failed takes its connection along.
  if (code != CURLE_OK) return TransferError(code, said.data(), transfer, request);
  pool_.Give(std::move(handle));
  return std::move(transfer.reply);
}

}  // namespace sluice
