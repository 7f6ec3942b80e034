#pragma once

#include <memory>
#include <string>

#include "lake/object_store.h"

namespace sluice {

/// Returns `file:/x`, `file:///x` and `/x` as `file:///x`, and any other address as it is: the
/// form in which addresses may be compared.
std::string NormalizeAddress(std::string_view address);

/// The lake in a folder of this machine. An address is the file's path behind `file://`, byte for
/// byte: a `%2F` in it is three characters of a name, as other engines read it. Nothing outside
/// the root is touched. Files appear whole: written under a temporary name in the same folder,
/// synced, then renamed without ever replacing one.
class FolderStore : public ObjectStore {
 public:
  /// `root` is `file:///…`. FailsWith kInvalidConfig for any other scheme, and for names that other
  /// engines cut (`?`, `#`) or that are not whole paths. Makes the folder when it is missing.
  static Result<std::unique_ptr<FolderStore>> Make(std::string_view root);

  Status Put(const RemotePath& path, std::string_view bytes, SteadyTime deadline) override;
  Status PutFile(const LocalPath& from, const RemotePath& to, SteadyTime deadline) override;
  Result<std::string> Get(const RemotePath& path, int64_t max_bytes, SteadyTime deadline) override;
  Result<std::string> GetRange(const RemotePath& path, int64_t offset, int64_t length,
                               SteadyTime deadline) override;
  Result<int64_t> Head(const RemotePath& path, SteadyTime deadline) override;
  Result<std::vector<ObjectInfo>> List(const RemotePath& folder, SteadyTime deadline) override;
  Status Delete(const RemotePath& path, SteadyTime deadline) override;
  Status Check(const RemotePath& folder, SteadyTime deadline) override;

 private:
  explicit FolderStore(std::string root) : root_(std::move(root)) {}
  Result<std::string> LocalName(const RemotePath& path, SteadyTime deadline) const;

  std::string root_;  // `/…`, no slash at the end
};

}  // namespace sluice
