#include "lake/stoppable_store.h"

namespace sluice {

Status StoppableStore::GoOn() const {
  if (!stop_.stop_requested()) return {};
  return Fail(ErrorKind::kShutdown, "stopped; what is committed stays");
}

Status StoppableStore::Put(const RemotePath& path, std::string_view bytes, SteadyTime deadline) {
  SLUICE_TRY(GoOn());
  return store_.Put(path, bytes, deadline);
}

Status StoppableStore::PutFile(const LocalPath& from, const RemotePath& to, SteadyTime deadline) {
  SLUICE_TRY(GoOn());
  return store_.PutFile(from, to, deadline);
}

Result<std::string> StoppableStore::Get(const RemotePath& path, int64_t max_bytes,
                                        SteadyTime deadline) {
  SLUICE_TRY(GoOn());
  return store_.Get(path, max_bytes, deadline);
}

Result<std::string> StoppableStore::GetRange(const RemotePath& path, int64_t offset, int64_t length,
                                             SteadyTime deadline) {
  SLUICE_TRY(GoOn());
  return store_.GetRange(path, offset, length, deadline);
}

Result<int64_t> StoppableStore::Head(const RemotePath& path, SteadyTime deadline) {
  SLUICE_TRY(GoOn());
  return store_.Head(path, deadline);
}

Result<std::vector<ObjectInfo>> StoppableStore::List(const RemotePath& folder,
                                                     SteadyTime deadline) {
  SLUICE_TRY(GoOn());
  return store_.List(folder, deadline);
}

Status StoppableStore::Delete(const RemotePath& path, SteadyTime deadline) {
  SLUICE_TRY(GoOn());
  return store_.Delete(path, deadline);
}

Status StoppableStore::Check(const RemotePath& folder, SteadyTime deadline) {
  SLUICE_TRY(GoOn());
  return store_.Check(folder, deadline);
}

}  // namespace sluice
