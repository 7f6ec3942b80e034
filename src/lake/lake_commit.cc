#include "lake/lake_commit.h"

#include "core/failpoint.h"
#include "lake/catalog.h"

namespace sluice {
namespace {

// Others wait for the pointers' locks meanwhile, so all calls to the store share it.
constexpr std::chrono::seconds kStoreTimeInLock{5};

// What the catalog names was put before it was named: a store that does not show it is late.
Result<TableLoader::Table> LoadLocked(const TablePart& part, const std::string& pointer,
                                      SteadyTime deadline) {
  auto table = part.loader->Load(pointer, deadline);
  if (table || table.error().code != kNotFound) return table;
  Error error = std::move(table).error();
  error.kind = ErrorKind::kRetryable;
  return Fail(std::move(error));
}

}  // namespace

LakeCommit::LakeCommit(ObjectStore& store, std::string catalog, std::vector<TablePart> parts,
                       std::string positions)
    : store_(store),
      catalog_(std::move(catalog)),
      parts_(std::move(parts)),
      positions_(std::move(positions)) {}

Status LakeCommit::Apply(SqlSession& session, const CommitId& commit) {
  snapshots_.clear();
  std::map<TableName, std::string> pointers;
  for (const TablePart& part : parts_) {
    const TableName& name = part.append.prepared->table.name;
    SLUICE_ASSIGN(pointers[name], LockPointer(session, catalog_, name));
    SLUICE_FAILPOINT("s5_lock");
  }
  const SteadyTime deadline = Now() + kStoreTimeInLock;
  const std::map<std::string, std::string> audit{{"sluice.commit-id", commit.value},
                                                 {"sluice.positions", positions_}};
  for (const TablePart& part : parts_) {
    const TableName& name = part.append.prepared->table.name;
    SLUICE_ASSIGN(pointers[name], ApplyTo(session, part, pointers[name], audit, deadline));
    snapshots_[name.Full()] = part.append.snapshot_id;
  }
  return {};
}

Result<std::string> LakeCommit::ApplyTo(SqlSession& session, const TablePart& part,
                                        const std::string& pointer,
                                        const std::map<std::string, std::string>& audit,
                                        SteadyTime deadline) {
  SLUICE_ASSIGN(const TableLoader::Table base, LoadLocked(part, pointer, deadline));
  SLUICE_ASSIGN(const NextSnapshot next,
                BuildSnapshot(*base, pointer, part.append, audit, WallClockMs()));
  SLUICE_TRY(store_.Put(next.list_path, next.list, deadline));
  SLUICE_FAILPOINT("s6_list");
  SLUICE_TRY(store_.Put(next.metadata_path, next.metadata, deadline));
  SLUICE_FAILPOINT("s6_metadata");
  SLUICE_TRY(SwapPointer(session, catalog_, part.append.prepared->table.name, pointer,
                         next.metadata_path.value));
  SLUICE_FAILPOINT("s7_swap");
  part.loader->Remember(next.metadata_path.value, next.table);
  return next.metadata_path.value;
}

}  // namespace sluice
