#include "lake/s3_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "core/pause.h"
#include "core/sha256.h"
#include "core/text.h"
#include "lake/file_handle.h"
#include "lake/s3_list.h"
#include "lake/store_check.h"

namespace sluice {
namespace {

constexpr int64_t kHashPartBytes = 8 << 20;
constexpr int kMaxUnclear = 10;
constexpr std::chrono::milliseconds kUnclearPause{200};

// Objects of ours are put once; a request for a name in use is refused by the store.
S3Request PutRequest(S3Place place, const HttpBody& body, std::string sha256) {
  return {.method = "PUT",
          .place = std::move(place),
          .headers = {{"If-None-Match", "*"}},
          .body = &body,
          .body_sha256 = std::move(sha256)};
}

Result<std::string> HashOfFile(int file, int64_t size_bytes, const std::string& name) {
  Sha256 hash;
  std::string part(static_cast<size_t>(std::min(size_bytes, int64_t{1} << 20)), '\0');
  for (int64_t at = 0; at < size_bytes;) {
    const ssize_t got = pread(file, part.data(), part.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return Fail(ErrorKind::kRetryable, fmt::format("cannot read `{}`: {}", name,
                                                     got == 0 ? "cut" : std::strerror(errno)));
    }
    hash.Update(std::string_view(part).substr(0, static_cast<size_t>(got)));
    at += got;
  }
  return hash.Hex();
}

std::string Spell(const S3Place& place) {
  return fmt::format("s3://{}{}{}", place.bucket, place.key.empty() ? "" : "/", place.key);
}

Result<int64_t> ContentLength(const HttpReply& reply, const S3Place& place) {
  const auto found = reply.headers.find("content-length");
  const std::string text = found == reply.headers.end() ? "" : found->second;
  int64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error == std::errc{} && end == text.data() + text.size() && size >= 0) return size;
  return Fail(ErrorKind::kFatal,
              fmt::format("the S3 store does not tell the size of {}", Spell(place)));
}

}  // namespace

Result<std::unique_ptr<S3Store>> S3Store::Make(std::string_view root, S3Options options) {
  std::string kept(root);
  while (kept.size() > 5 && kept.ends_with('/')) kept.pop_back();
  if (kept != "s3://") {
    auto place = ParseS3(RemotePath{kept});
    if (!place || !kept.starts_with("s3://")) {
      return Fail(ErrorKind::kInvalidConfig, fmt::format("unusable lake address `{}`", root),
                  "lake: s3://bucket/prefix, or s3:// to make each namespace a bucket");
    }
  }
  SLUICE_ASSIGN(auto client, S3Client::Make(std::move(options)));
  return std::unique_ptr<S3Store>(new S3Store(std::move(kept), std::move(client)));
}

Result<S3Place> S3Store::PlaceOf(const RemotePath& path) const {
  SLUICE_ASSIGN(S3Place place, ParseS3(path));
  if (root_ == "s3://") return place;
  const std::string spelled = Spell(place);
  if (spelled == root_ || spelled.starts_with(root_ + "/")) return place;
  return OutsideLake(path, root_);
}

Status S3Store::Put(const RemotePath& path, std::string_view bytes, SteadyTime deadline) {
  SLUICE_ASSIGN(const S3Place place, PlaceOf(path));
  const HttpBody body{.bytes = bytes, .size_bytes = static_cast<int64_t>(bytes.size())};
  return PutBody(place, body, Sha256Hex(bytes), deadline);
}

Status S3Store::PutFile(const LocalPath& from, const RemotePath& to, SteadyTime deadline) {
  SLUICE_ASSIGN(const S3Place place, PlaceOf(to));
  const FileHandle file(open(from.value.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (file.get() < 0 || fstat(file.get(), &info) != 0) {
    return Fail(ErrorKind::kFatal,
                fmt::format("cannot read `{}`: {}", from.value, std::strerror(errno)), {},
                errno == ENOENT ? std::string(kNotFound) : "");
  }
  const HttpBody body{.file = file.get(), .size_bytes = static_cast<int64_t>(info.st_size)};
  SLUICE_ASSIGN(const std::string sha256, HashOfFile(file.get(), body.size_bytes, from.value));
  return PutBody(place, body, sha256, deadline);
}

Status S3Store::PutBody(const S3Place& place, const HttpBody& body, const std::string& sha256,
                        SteadyTime deadline) {
  const S3Request request = PutRequest(place, body, sha256);
  for (int attempt = 0; attempt < kMaxUnclear; ++attempt) {
    SLUICE_ASSIGN(const S3Reply reply, client_->Call(request, deadline));
    if (reply.verdict == S3Verdict::kDone) return {};
    const Error failure = S3Failure(reply.verdict, reply.http, "PUT " + Spell(place));
    if (reply.verdict != S3Verdict::kExists) return Fail(failure);
    // Somebody was first: perhaps we ourselves, by a request whose reply never came.
    SLUICE_ASSIGN(const auto held, Compare(place, body.size_bytes, sha256, deadline));
    if (held == Held::kSame) return {};
    if (held == Held::kOther) return Fail(failure);
    // Nothing is there yet: a request is still being carried out.
    PauseFor(kUnclearPause, {});
  }
  return Fail(ErrorKind::kRetryable,
              fmt::format("the S3 store neither takes nor shows {}", Spell(place)));
}

Result<S3Store::Held> S3Store::Compare(const S3Place& place, int64_t size_bytes,
                                       const std::string& sha256, SteadyTime deadline) {
  const auto size = SizeOf(place, deadline);
  if (!size && size.error().code == kNotFound) return Held::kNothing;
  if (!size) return Fail(size.error());
  if (*size != size_bytes) return Held::kOther;
  Sha256 hash;
  for (int64_t at = 0; at < size_bytes; at += kHashPartBytes) {
    SLUICE_ASSIGN(const std::string part, ReadRange(place, at, kHashPartBytes, deadline));
    hash.Update(part);
  }
  return hash.Hex() == sha256 ? Held::kSame : Held::kOther;
}

Result<S3Reply> S3Store::Find(const S3Request& request, SteadyTime deadline) {
  SLUICE_ASSIGN(S3Reply reply, client_->Call(request, deadline));
  if (reply.verdict == S3Verdict::kDone || reply.verdict == S3Verdict::kBeyondEnd) return reply;
  return Fail(S3Failure(reply.verdict, reply.http,
                        fmt::format("{} {}", request.method, Spell(request.place))));
}

Result<std::string> S3Store::Get(const RemotePath& path, int64_t max_bytes, SteadyTime deadline) {
  SLUICE_ASSIGN(S3Place place, PlaceOf(path));
  auto reply = Find({.method = "GET",
                     .place = std::move(place),
                     .max_reply_bytes = max_bytes,
                     .is_content = true},
                    deadline);
  if (reply) return std::move(reply->http.body);
  Error error = std::move(reply).error();
  if (error.code == kReplyTooLong) {
    error.message = fmt::format("`{}` is longer than {} bytes", path.value, max_bytes);
  }
  return Fail(std::move(error));
}

Result<std::string> S3Store::GetRange(const RemotePath& path, int64_t offset, int64_t length,
                                      SteadyTime deadline) {
  SLUICE_ASSIGN(const S3Place place, PlaceOf(path));
  return ReadRange(place, offset, length, deadline);
}

Result<std::string> S3Store::ReadRange(const S3Place& place, int64_t offset, int64_t length,
                                       SteadyTime deadline) {
  if (length <= 0) return std::string();
  SLUICE_ASSIGN(
      S3Reply reply,
      Find({.method = "GET",
            .place = place,
            .headers = {{"Range", fmt::format("bytes={}-{}", offset, offset + length - 1)}},
            .max_reply_bytes = length,
            .is_content = true},
           deadline));
  if (reply.verdict == S3Verdict::kBeyondEnd) return std::string();
  // The whole object, when it is that short, is right only for a range from its start.
  if (reply.http.status == 206 || offset == 0) return std::move(reply.http.body);
  return Fail(ErrorKind::kFatal,
              fmt::format("the S3 store gives no parts of objects: {}", Spell(place)));
}

Result<int64_t> S3Store::Head(const RemotePath& path, SteadyTime deadline) {
  SLUICE_ASSIGN(const S3Place place, PlaceOf(path));
  return SizeOf(place, deadline);
}

Result<int64_t> S3Store::SizeOf(const S3Place& place, SteadyTime deadline) {
  const auto found = Find({.method = "HEAD", .place = place}, deadline);
  if (!found && found.error().code == kNotFound) {
    // Replies to HEAD have no body, so this may be a key that was revoked: ask for the reason.
    SLUICE_TRY(ReadRange(place, 0, 1, deadline));
  }
  if (!found) return Fail(found.error());
  return ContentLength(found->http, place);
}
Result<std::vector<ObjectInfo>> S3Store::List(const RemotePath& folder, SteadyTime deadline) {
  SLUICE_ASSIGN(const S3Place place, PlaceOf(folder));
  std::vector<ObjectInfo> found;
  std::string token;
  do {
    SLUICE_ASSIGN(const S3Reply reply, Find(ListRequest(place, token, kListPage), deadline));
    SLUICE_ASSIGN(ListPage page, ParseList(reply.http.body, place.bucket));
    std::move(page.objects.begin(), page.objects.end(), std::back_inserter(found));
    if (!page.next.empty() && page.next == token) {
      return Fail(ErrorKind::kFatal, "the S3 store lists the same page again");
    }
    token = std::move(page.next);
  } while (!token.empty());
  return found;
}

Status S3Store::Delete(const RemotePath& path, SteadyTime deadline) {
  SLUICE_ASSIGN(const S3Place place, PlaceOf(path));
  SLUICE_ASSIGN(const S3Reply reply, client_->Call({.method = "DELETE", .place = place}, deadline));
  if (reply.verdict == S3Verdict::kDone || reply.verdict == S3Verdict::kNoObject) return {};
  return Fail(S3Failure(reply.verdict, reply.http, "DELETE " + Spell(place)));
}

Status S3Store::Check(const RemotePath& folder, SteadyTime deadline) {
  SLUICE_ASSIGN(const S3Place place, PlaceOf(folder));
  Status status = CheckBucket(place, deadline);
  if (status) status = CheckStore(*this, folder, deadline);
  if (status) status = CheckHashes(folder, deadline);
  if (status || status.error().code != kStoreRefused) return status;
  Error error = std::move(status).error();
  error.kind = ErrorKind::kInvalidConfig;
  return Fail(std::move(error));
}

Status S3Store::CheckBucket(const S3Place& place, SteadyTime deadline) {
  const auto reply = Find(ListRequest(place, "", 1), deadline);
  if (reply) return {};
  if (reply.error().code == kNotFound) return Fail(client_->NoBucket(place.bucket));
  return Fail(reply.error());
}

// Bytes that are not those of the signed hash must never become an object.
Status S3Store::CheckHashes(const RemotePath& folder, SteadyTime deadline) {
  const RemotePath probe = NewProbe(folder);
  SLUICE_ASSIGN(const S3Place place, PlaceOf(probe));
  const std::string_view bytes = "damaged on the way";
  const HttpBody body{.bytes = bytes, .size_bytes = static_cast<int64_t>(bytes.size())};
  const auto put = client_->CallOnce(PutRequest(place, body, Sha256Hex("what was sent")), deadline);
  const auto size = SizeOf(place, deadline);
  if (size) {
    const Status removed = Delete(probe, deadline);
    static_cast<void>(removed);  // the store is refused anyway
  } else if (size.error().code != kNotFound) {
    return Fail(size.error());
  }
  if (size || (put && put->verdict == S3Verdict::kDone)) {
    return Unfit(folder, "it takes bytes that do not match their x-amz-content-sha256");
  }
  return {};
}

}  // namespace sluice
