#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/types.h"

namespace sluice {

/// Where an object lies, byte for byte as its address says: nothing is decoded.
struct S3Place {
  std::string bucket;
  std::string key;  ///< empty: the bucket itself
  bool operator==(const S3Place&) const = default;
};

/// Takes `s3://bucket/key` apart; `s3a://` and `s3n://`, as other engines spell it, mean the same.
/// FailsWith kFatal for other schemes, and for keys with an empty part, `.`, `..` or a zero byte:
/// stores do not agree on what those name.
Result<S3Place> ParseS3(const RemotePath& path);

using S3Query = std::vector<std::pair<std::string, std::string>>;

/// The server that requests go to.
struct S3Endpoint {
  std::string scheme;  ///< `http` or `https`
  std::string host;    ///< with the port
  std::string path;    ///< in front of every bucket; no slash at its end
  bool path_style = true;

  /// Returns the address of a request, spelled as SigV4 signs it: every byte outside
  /// `A-Za-z0-9-._~` as `%XX`, parameters by name, each with its `=`.
  std::string Url(const S3Place& place, S3Query query = {}) const;
  /// Returns scheme and host, for messages.
  std::string Shown() const { return scheme + "://" + host; }
};

/// Reads `http://host:9000`; "" is AWS's own server of the region. FailsWith kInvalidConfig.
Result<S3Endpoint> ParseS3Endpoint(std::string_view url, std::string_view region, bool path_style);

}  // namespace sluice
