#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "lake/s3_http.h"

namespace sluice {

/// `code` of an error that says the store is there, but turns us away: keys, rights, region.
inline constexpr std::string_view kStoreRefused = "store_refused";
/// `code` of an error that says there is no such bucket.
inline constexpr std::string_view kNoSuchBucket = "no_bucket";

/// What a reply means for whoever asked.
enum class S3Verdict {
  kDone,
  kNoObject,
  kNoBucket,
  kExists,        ///< 412 or 409: somebody was first, perhaps we, whose reply got lost
  kBeyondEnd,     ///< a range behind the object's end
  kBusy,          ///< or damaged on the way: the same again, soon
  kRefused,       ///< keys, rights, region, quota: a person must act, then the same works
  kWrongRequest,  ///< no repetition helps
};

/// Judges a reply; a body with `<Error>` in it is a failure under any status, but for objects'
/// own content (`is_content`).
S3Verdict Judge(const HttpReply& reply, bool is_content);

/// Returns the code of a failure's body: `NoSuchKey`; else the status as text.
std::string S3Code(const HttpReply& reply);

/// Returns the error of a verdict other than kDone. `what` is what was tried: `PUT s3://a/b`.
Error S3Failure(S3Verdict verdict, const HttpReply& reply, std::string_view what);

}  // namespace sluice
