#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "lake/object_store.h"

namespace sluice {

/// A store that begins no further call once a stop is asked for: each FailsWith kShutdown. So work
/// of thousands of calls ends within the time of one. `store` outlives it.
class StoppableStore : public ObjectStore {
 public:
  StoppableStore(ObjectStore& store, std::stop_token stop)
      : store_(store), stop_(std::move(stop)) {}

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
  Status GoOn() const;

  ObjectStore& store_;
  std::stop_token stop_;
};

}  // namespace sluice
