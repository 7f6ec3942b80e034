#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "lake/s3_address.h"
#include "lake/s3_http.h"
#include "lake/s3_verdict.h"

namespace sluice {

struct S3Options {
  std::string endpoint{};  ///< `https://host:port`; empty: AWS's own of the region
  std::string region = "us-east-1";
  bool path_style = true;  ///< `host/bucket/key`, else `bucket.host/key`
  std::string ca_file{};   ///< empty: the system's authorities
  S3Credentials credentials{};
  /// Reads the keys anew from where they came from: they may have been rotated. May be empty.
  std::function<Result<S3Credentials>()> reload{};
  int64_t reload_every_ms = 60'000;
  int32_t max_attempts = 8;  ///< of one call, while the store is busy or does not answer
  int64_t first_delay_ms = 50;
  int64_t max_delay_ms = 1'000;
  std::stop_token stop{};  ///< then every call FailsWith kShutdown, within about a second
};

/// One request to a store, before it is signed.
struct S3Request {
  std::string method;
  S3Place place;
  S3Query query{};
  std::vector<std::pair<std::string, std::string>> headers{};
  const HttpBody* body = nullptr;
  std::string body_sha256{};  ///< of the body; empty: there is none
  int64_t max_reply_bytes = 1 << 20;
  bool is_content = false;  ///< the reply is an object's own bytes
};

struct S3Reply {
  S3Verdict verdict = S3Verdict::kDone;
  HttpReply http;
};

/// Sends requests until one is answered: again, with jitter, while the store is busy or away, and
/// with new keys when they were refused and have changed. Thread-safe.
class S3Client {
 public:
  /// Does no I/O. FailsWith kInvalidConfig.
  static Result<std::unique_ptr<S3Client>> Make(S3Options options);

  /// Returns a reply that is kDone, kNoObject, kExists or kBeyondEnd; every other is an Error:
  /// kRetryable when the store is away, kRetryable with kStoreRefused when it turns us away, but
  /// kInvalidConfig as long as it never took a request of ours, and kInvalidConfig with
  /// kNoSuchBucket.
  Result<S3Reply> Call(const S3Request& request, SteadyTime deadline);

  /// Sends a request once and returns whatever comes.
  Result<S3Reply> CallOnce(const S3Request& request, SteadyTime deadline);

  /// Returns the error that says so, with its cure.
  Error NoBucket(const std::string& bucket) const;

 private:
  S3Client(S3Options options, S3Endpoint endpoint);
  S3Credentials Credentials();
  /// Returns whether the keys are others now than `used`.
  bool HasOtherThan(const S3Credentials& used);
  void Reload();
  std::chrono::milliseconds DelayAfter(int32_t attempt) const;
  std::unexpected<Error> Refuse(Error error) const;

  const S3Options options_;
  const S3Endpoint endpoint_;
  HttpClient http_;
  std::atomic<bool> accepted_ = false;  // a request of ours, at some time
  std::mutex mutex_;                    // of what follows
  S3Credentials credentials_;
  SteadyTime last_reload_;
};

}  // namespace sluice
