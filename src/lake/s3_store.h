#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lake/object_store.h"
#include "lake/s3_client.h"

namespace sluice {

/// The lake on an S3-compatible store. One PUT an object, under `If-None-Match: *`, with the hash
/// of its bytes signed; so what another writer or a lost reply left under a name is told apart by
/// its content.
class S3Store : public ObjectStore {
 public:
  /// `root` is `s3://bucket/prefix`, or `s3://` for all buckets. Does no I/O. FailsWith
  /// kInvalidConfig.
  static Result<std::unique_ptr<S3Store>> Make(std::string_view root, S3Options options);

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
  S3Store(std::string root, std::unique_ptr<S3Client> client)
      : root_(std::move(root)), client_(std::move(client)) {}
  /// The place of an object of ours; kFatal for others.
  Result<S3Place> PlaceOf(const RemotePath& path) const;
  Status PutBody(const S3Place& place, const HttpBody& body, const std::string& sha256,
                 SteadyTime deadline);
  Result<S3Reply> Find(const S3Request& request, SteadyTime deadline);
  enum class Held { kNothing, kSame, kOther };
  /// What the store has under a name, compared with what we put there.
  Result<Held> Compare(const S3Place& place, int64_t size_bytes, const std::string& sha256,
                       SteadyTime deadline);
  Result<int64_t> SizeOf(const S3Place& place, SteadyTime deadline);
  Result<std::string> ReadRange(const S3Place& place, int64_t offset, int64_t length,
                                SteadyTime deadline);
  Status CheckBucket(const S3Place& place, SteadyTime deadline);
  Status CheckHashes(const RemotePath& folder, SteadyTime deadline);

  std::string root_;  // no slash at the end, but for a bare `s3://`
  std::unique_ptr<S3Client> client_;
};

}  // namespace sluice
