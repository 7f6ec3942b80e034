#include "lake/s3_address.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "lake/remote_names.h"

namespace sluice {
namespace {

std::string EncodeKey(std::string_view key) {
  std::string encoded;
  for (const std::string& part : Split(key, '/')) {
    if (!encoded.empty()) encoded += '/';
    encoded += PercentEncode(part);
  }
  return encoded;
}

std::string EncodeQuery(S3Query query) {
  std::sort(query.begin(), query.end());
  std::string encoded;
  for (const auto& [name, value] : query) {
    encoded += fmt::format("{}{}={}", encoded.empty() ? "?" : "&", PercentEncode(name),
                           PercentEncode(value));
  }
  return encoded;
}

bool HasOddPart(std::string_view key) {
  for (const std::string& part : Split(key, '/')) {
    if (part.empty() || part == "." || part == "..") return true;
  }
  return key.find('\0') != std::string_view::npos;
}

}  // namespace

Result<S3Place> ParseS3(const RemotePath& path) {
  std::string_view rest = path.value;
  for (const std::string_view scheme : {"s3://", "s3a://", "s3n://"}) {
    if (!rest.starts_with(scheme)) continue;
    rest.remove_prefix(scheme.size());
    const size_t slash = std::min(rest.find('/'), rest.size());
    S3Place place{std::string(rest.substr(0, slash)), ""};
    if (slash < rest.size()) place.key = rest.substr(slash + 1);
    const bool is_odd = place.bucket.empty() || (slash < rest.size() && HasOddPart(place.key));
    if (!is_odd) return place;
  }
  return Fail(ErrorKind::kFatal,
              fmt::format("`{}` is no address of an object on S3", EscapeControl(path.value)));
}

std::string S3Endpoint::Url(const S3Place& place, S3Query query) const {
  // A certificate for *.host does not cover a bucket with a dot.
  const bool in_path = path_style || place.bucket.find('.') != std::string::npos;
  const std::string server = in_path ? host : place.bucket + "." + host;
  const std::string folder = in_path ? path + "/" + PercentEncode(place.bucket) : path;
  const std::string object = place.key.empty() && in_path ? "" : "/" + EncodeKey(place.key);
  return fmt::format("{}://{}{}{}{}", scheme, server, folder, object,
                     EncodeQuery(std::move(query)));
}

Result<S3Endpoint> ParseS3Endpoint(std::string_view url, std::string_view region, bool path_style) {
  if (url.empty()) {
    const std::string_view domain =
        region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    return S3Endpoint{"https", fmt::format("s3.{}.{}", region, domain), "", path_style};
  }
  const size_t colon = url.find("://");
  S3Endpoint endpoint{.scheme = std::string(url.substr(0, colon)),
                      .host = {},
                      .path = {},
                      .path_style = path_style};
  const bool known = endpoint.scheme == "http" || endpoint.scheme == "https";
  if (!known || url.find_first_of("@?#") != std::string_view::npos) {
    return Fail(ErrorKind::kInvalidConfig, "the S3 endpoint is no address of a server",
                "write `http://host:port` or `https://host`; keys go into AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY");
  }
  const std::string_view rest = url.substr(colon + 3);
  const size_t slash = std::min(rest.find('/'), rest.size());
  endpoint.host = rest.substr(0, slash);
  endpoint.path = rest.substr(slash);
  while (endpoint.path.ends_with('/')) endpoint.path.pop_back();
  return endpoint;
}

}  // namespace sluice
