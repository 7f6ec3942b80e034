#include "lake/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "core/log.h"
#include "core/pause.h"

namespace sluice {
namespace {

// SHA-256 of nothing.
constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string Shown(const S3Request& request) {
  return fmt::format("{} s3://{}/{}", request.method, request.place.bucket, request.place.key);
}

// Half of it for certain, the rest by chance: callers that failed together do not return together.
std::chrono::milliseconds Jittered(int64_t delay_ms) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return std::chrono::milliseconds(
      std::uniform_int_distribution<int64_t>(delay_ms / 2, delay_ms)(random));
}

}  // namespace

S3Client::S3Client(S3Options options, S3Endpoint endpoint)
    : options_(std::move(options)),
      endpoint_(std::move(endpoint)),
      http_({.region = options_.region, .ca_file = options_.ca_file, .stop = options_.stop}),
      credentials_(options_.credentials),
      last_reload_(Now()) {}

Result<std::unique_ptr<S3Client>> S3Client::Make(S3Options options) {
  SLUICE_ASSIGN(S3Endpoint endpoint,
                ParseS3Endpoint(options.endpoint, options.region, options.path_style));
  return std::unique_ptr<S3Client>(new S3Client(std::move(options), std::move(endpoint)));
}

Result<S3Reply> S3Client::CallOnce(const S3Request& request, SteadyTime deadline) {
  HttpRequest http{.method = request.method,
                   .url = endpoint_.Url(request.place, request.query),
                   .headers = request.headers,
                   .body = request.body,
                   .max_reply_bytes = request.max_reply_bytes,
                   .deadline = deadline};
  http.headers.emplace_back("x-amz-content-sha256", request.body_sha256.empty()
                                                        ? kEmptySha256
                                                        : std::string_view(request.body_sha256));
  SLUICE_ASSIGN(HttpReply reply, http_.Send(http, Credentials()));
  const S3Verdict verdict = Judge(reply, request.is_content);
  return S3Reply{verdict, std::move(reply)};
}

Result<S3Reply> S3Client::Call(const S3Request& request, SteadyTime deadline) {
  for (int32_t attempt = 1;; ++attempt) {
    const S3Credentials used = Credentials();
    Result<S3Reply> reply = CallOnce(request, deadline);
    const auto delay = DelayAfter(attempt);
    const bool last = attempt >= options_.max_attempts || Now() + delay >= deadline;
    if (!reply) {
      if (reply.error().code == kServerNotTrusted) return Refuse(std::move(reply).error());
      if (reply.error().kind != ErrorKind::kRetryable || last) return reply;
      PauseFor(delay, options_.stop);
      continue;
    }
    switch (reply->verdict) {
      case S3Verdict::kBusy:
        if (last) return Fail(S3Failure(reply->verdict, reply->http, Shown(request)));
        PauseFor(delay, options_.stop);
        break;
      case S3Verdict::kRefused:
        if (!last && HasOtherThan(used)) break;
        return Refuse(S3Failure(reply->verdict, reply->http, Shown(request)));
      case S3Verdict::kNoBucket:
        return Fail(NoBucket(request.place.bucket));
      case S3Verdict::kWrongRequest:
        return Fail(S3Failure(reply->verdict, reply->http, Shown(request)));
      default:
        accepted_ = true;
        return reply;
    }
  }
}

Error S3Client::NoBucket(const std::string& bucket) const {
  return {.kind = ErrorKind::kInvalidConfig,
          .message = fmt::format("there is no bucket `{}` at {}", bucket, endpoint_.Shown()),
          .hint = fmt::format("sluice makes no buckets: `aws --endpoint-url {} s3 mb s3://{}`",
                              endpoint_.Shown(), bucket),
          .code = std::string(kNoSuchBucket)};
}

// A store that took our requests before may do so again, when a person has acted; one that never
// did is set up wrongly.
std::unexpected<Error> S3Client::Refuse(Error error) const {
  if (!accepted_) error.kind = ErrorKind::kInvalidConfig;
  return Fail(std::move(error));
}

std::chrono::milliseconds S3Client::DelayAfter(int32_t attempt) const {
  int64_t delay = options_.first_delay_ms;
  for (int32_t i = 1; i < attempt && delay < options_.max_delay_ms; ++i) delay *= 2;
  return Jittered(std::min(delay, options_.max_delay_ms));
}

S3Credentials S3Client::Credentials() {
  const std::scoped_lock lock(mutex_);
  if (ElapsedMs(last_reload_) >= options_.reload_every_ms) Reload();
  return credentials_;
}

bool S3Client::HasOtherThan(const S3Credentials& used) {
  const std::scoped_lock lock(mutex_);
  if (credentials_ == used) Reload();  // else another thread was first
  return credentials_ != used;
}

void S3Client::Reload() {
  last_reload_ = Now();
  if (!options_.reload) return;
  auto fresh = options_.reload();
  if (!fresh) return LogError("the keys of the S3 store could not be read again", fresh.error());
  if (*fresh == credentials_) return;
  credentials_ = *std::move(fresh);
  Log(LogLevel::kInfo, "new keys for the S3 store");
}

}  // namespace sluice
