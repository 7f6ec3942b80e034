#include "lake/s3_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "lake/object_store.h"
#include "lake/s3_xml.h"

namespace sluice {
namespace {

constexpr size_t kShownBytes = 300;

// `RequestTimeout` comes with 400, a wrong hash too: the bytes were damaged on their way.
constexpr std::array<std::string_view, 7> kBusyCodes{
    "RequestTimeout",           "InternalError", "SlowDown",
    "ServiceUnavailable",       "BadDigest",     "IncompleteBody",
    "XAmzContentSHA256Mismatch"};

struct Refusal {
  std::string_view code;
  std::string_view cure;
};

constexpr std::string_view kOtherKey = "check AWS_ACCESS_KEY_ID: this store does not know the key";
constexpr std::string_view kOtherToken = "renew AWS_SESSION_TOKEN, or the file that holds it";
constexpr std::string_view kOtherRegion = "set `lake.s3.region` (or S3_REGION) to the bucket's";
constexpr std::string_view kMoreRoom = "make room, or raise the quota; sluice goes on by itself";

// Most stores send these with 403, some with 400.
constexpr std::array<Refusal, 14> kRefusals{{
    {"InvalidAccessKeyId", kOtherKey},
    {"XAdminUserNotFound", kOtherKey},
    {"SignatureDoesNotMatch", "check AWS_SECRET_ACCESS_KEY: it does not belong to the key"},
    {"ExpiredToken", kOtherToken},
    {"InvalidToken", kOtherToken},
    {"InvalidTokenId", kOtherToken},
    {"TokenRefreshRequired", kOtherToken},
    {"RequestTimeTooSkewed", "set this machine's clock (NTP)"},
    {"AuthorizationHeaderMalformed", kOtherRegion},
    {"PermanentRedirect", kOtherRegion},
    {"TemporaryRedirect", kOtherRegion},
    {"AccessDenied", "allow the key s3:ListBucket on the bucket, s3:GetObject and s3:PutObject in"},
    {"XMinioAdminBucketQuotaExceeded", kMoreRoom},
    {"XMinioStorageFull", kMoreRoom},
}};

const Refusal* FindRefusal(std::string_view code) {
  const auto* const found = std::find_if(kRefusals.begin(), kRefusals.end(),
                                         [&](const Refusal& one) { return one.code == code; });
  return found == kRefusals.end() ? nullptr : found;
}

bool IsBusy(int status, std::string_view code) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504 || std::find(kBusyCodes.begin(), kBusyCodes.end(), code) != kBusyCodes.end();
}

// versitygw answers 404 to an unknown key; nothing but a missing object may look like one.
bool IsAboutObject(std::string_view code) {
  return code == "NoSuchKey" || code == "NotFound" || code == "status 404";
}

bool IsRefused(int status) {
  return (status >= 300 && status < 400) || status == 401 || status == 403 || status == 507;
}

// Where the store sent us, and where it says the bucket is.
std::string Directions(const HttpReply& reply) {
  std::string text;
  for (const auto& [header, words] :
       {std::pair{"x-amz-bucket-region", "the bucket's region is"},
        std::pair{"location", "it redirects to another place, which is not followed:"}}) {
    const auto found = reply.headers.find(header);
    if (found != reply.headers.end()) text += fmt::format(" ({} {})", words, found->second);
  }
  return text;
}

ErrorKind KindOf(S3Verdict verdict) {
  switch (verdict) {
    case S3Verdict::kBusy:
    case S3Verdict::kRefused:
      return ErrorKind::kRetryable;
    default:
      return ErrorKind::kFatal;
  }
}

std::string_view CodeOf(S3Verdict verdict) {
  switch (verdict) {
    case S3Verdict::kNoObject:
      return kNotFound;
    case S3Verdict::kExists:
      return kAlreadyExists;
    case S3Verdict::kRefused:
      return kStoreRefused;
    default:
      return "";
  }
}

std::string Cure(S3Verdict verdict, std::string_view code) {
  if (verdict != S3Verdict::kRefused) return "";
  const Refusal* const refusal = FindRefusal(code);
  return refusal != nullptr ? std::string(refusal->cure)
                            : "check the keys of the store, and what they are allowed";
}

}  // namespace

std::string S3Code(const HttpReply& reply) {
  const auto error = XmlElement(reply.body, "Error");
  const std::string code = error ? XmlText(*error, "Code") : "";
  return code.empty() ? fmt::format("status {}", reply.status) : code;
}

S3Verdict Judge(const HttpReply& reply, bool is_content) {
  const bool good = reply.status >= 200 && reply.status < 300;
  if (good && (is_content || !XmlElement(reply.body, "Error"))) return S3Verdict::kDone;
  const std::string code = S3Code(reply);
  if (code == "NoSuchBucket") return S3Verdict::kNoBucket;
  if (FindRefusal(code) != nullptr) return S3Verdict::kRefused;
  if (reply.status == 404) return IsAboutObject(code) ? S3Verdict::kNoObject : S3Verdict::kRefused;
  if (reply.status == 412 || reply.status == 409) return S3Verdict::kExists;
  if (reply.status == 416) return S3Verdict::kBeyondEnd;
  if (IsBusy(reply.status, code)) return S3Verdict::kBusy;
  if (IsRefused(reply.status)) return S3Verdict::kRefused;
  return good ? S3Verdict::kBusy : S3Verdict::kWrongRequest;
}

Error S3Failure(S3Verdict verdict, const HttpReply& reply, std::string_view what) {
  const std::string code = S3Code(reply);
  const auto body = XmlElement(reply.body, "Error");
  std::string said = body ? XmlText(*body, "Message") : "";
  said = EscapeControl(CutUtf8(said, kShownBytes));
  const std::string text =
      fmt::format("{} failed: {}{}{}{}", EscapeControl(what), EscapeControl(CutUtf8(code, 100)),
                  said.empty() ? "" : ": ", said, EscapeControl(Directions(reply)));
  const bool refused = verdict == S3Verdict::kRefused;
  return {.kind = KindOf(verdict),
          .message = (refused ? "the S3 store refuses us: " : "the S3 store: ") + text,
          .hint = Cure(verdict, code),
          .code = std::string(CodeOf(verdict))};
}

}  // namespace sluice
