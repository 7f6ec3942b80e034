#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/object_store.h"
#include "lake/s3_client.h"

namespace sluice {

inline constexpr int kListPage = 1'000;

/// One page of a listing.
struct ListPage {
  std::vector<ObjectInfo> objects;
  std::string next;  ///< what to ask the next page with; empty: this is the last
};

/// Returns the request for the objects below a folder, or of a whole bucket; `token` is the last
/// page's `next`.
S3Request ListRequest(const S3Place& folder, const std::string& token, int max_keys);

/// Reads a reply of LIST version 2. Names with a slash at their end are some tools' folders, no
/// objects. FailsWith kFatal when it is none.
Result<ListPage> ParseList(std::string_view xml, const std::string& bucket);

/// Returns `2026-01-31T12:00:00.000Z` as milliseconds since 1970; nothing for other texts.
std::optional<int64_t> ParseS3Time(std::string_view text);

}  // namespace sluice
