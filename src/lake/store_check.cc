#include "lake/store_check.h"

#include <fmt/format.h>

#include "core/text.h"

namespace sluice {
namespace {

constexpr int64_t kMaxBytes = 1 << 10;

// Each line is a promise that the commit stands on.
Status CheckProbe(ObjectStore& store, const RemotePath& folder, const RemotePath& probe,
                  SteadyTime deadline) {
  const std::string first = "first " + probe.value;
  const std::string second = "other " + probe.value;
  SLUICE_TRY(store.Put(probe, first, deadline));
  const auto got = store.Get(probe, kMaxBytes, deadline);
  if (!got && got.error().code == kNotFound) {
    return Unfit(folder, "an object that was just written cannot be read");
  }
  if (!got) return Fail(got.error());
  if (*got != first) return Unfit(folder, "it gives back other bytes than were written");
  SLUICE_ASSIGN(const int64_t size, store.Head(probe, deadline));
  if (size != static_cast<int64_t>(first.size())) {
    return Unfit(folder, fmt::format("it says {} bytes of an object of {}", size, first.size()));
  }
  Status overwritten = store.Put(probe, second, deadline);
  if (!overwritten && overwritten.error().code != kAlreadyExists) return overwritten;
  SLUICE_ASSIGN(const std::string kept, store.Get(probe, kMaxBytes, deadline));
  if (overwritten || kept != first) {
    return Unfit(folder, "it overwrites an object in spite of `If-None-Match: *`");
  }
  return {};
}

}  // namespace

RemotePath NewProbe(const RemotePath& folder) {
  return {fmt::format("{}/.sluice-check-{}", folder.value, Uuid::Random().value)};
}

Status CheckStore(ObjectStore& store, const RemotePath& folder, SteadyTime deadline) {
  const RemotePath probe = NewProbe(folder);
  Status status = CheckProbe(store, folder, probe, deadline);
  const Status removed = store.Delete(probe, deadline);
  static_cast<void>(removed);  // workers need no right to remove; a probe is a few bytes
  return status;
}

Status CheckRemoval(ObjectStore& store, const RemotePath& folder, SteadyTime deadline) {
  const RemotePath probe = NewProbe(folder);
  SLUICE_TRY(store.Put(probe, "to be removed", deadline));
  return store.Delete(probe, deadline);
}

std::unexpected<Error> OutsideLake(const RemotePath& path, std::string_view root) {
  return Fail(ErrorKind::kFatal,
              fmt::format("`{}` does not lie in the lake `{}`", EscapeControl(path.value), root),
              "tables do not move by themselves: if `lake:` was changed, change it back");
}

std::unexpected<Error> Unfit(const RemotePath& folder, std::string_view what) {
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("the store of the lake {} breaks its word: {}", folder.value, what),
              "exactly once cannot be kept on it: use AWS S3, MinIO, versitygw, or a folder");
}

}  // namespace sluice
