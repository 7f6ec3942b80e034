#include "lake/lake_commit.h"

#include "lake/catalog.h"

namespace sluice {
namespace {

// Others wait for the pointer's lock meanwhile.
constexpr std::chrono::seconds kStoreCallInLock{5};

}  // namespace

LakeCommit::LakeCommit(ObjectStore& store, std::string catalog, std::vector<TablePart> parts,
                       std::string positions)
    : store_(store),
      catalog_(std::move(catalog)),
      parts_(std::move(parts)),
      positions_(std::move(positions)) {}

Status LakeCommit::Apply(SqlSession& session, const CommitId& commit) {
  snapshots_.clear();
  std::vector<std::string> pointers;
  for (const TablePart& part : parts_) {
    SLUICE_ASSIGN(std::string pointer,
                  LockPointer(session, catalog_, part.append.prepared->table.name));
    pointers.push_back(std::move(pointer));
  }
  const std::map<std::string, std::string> audit{{"sluice.commit-id", commit.value},
                                                 {"sluice.positions", positions_}};
  for (size_t i = 0; i < parts_.size(); ++i) {
    SLUICE_TRY(ApplyTo(session, parts_[i], pointers[i], audit));
  }
  for (const TablePart& part : parts_) {
    snapshots_[part.append.prepared->table.name.Full()] = part.append.snapshot_id;
  }
  return {};
}

Status LakeCommit::ApplyTo(SqlSession& session, const TablePart& part, const std::string& pointer,
                           const std::map<std::string, std::string>& audit) {
  SLUICE_ASSIGN(const TableLoader::Table base,
                part.loader->Load(pointer, Now() + kStoreCallInLock));
  SLUICE_ASSIGN(const NextSnapshot next,
                BuildSnapshot(*base, pointer, part.append, audit, WallClockMs()));
  SLUICE_TRY(store_.Put(next.list_path, next.list, Now() + kStoreCallInLock));
  SLUICE_TRY(store_.Put(next.metadata_path, next.metadata, Now() + kStoreCallInLock));
  SLUICE_TRY(SwapPointer(session, catalog_, part.append.prepared->table.name, pointer,
                         next.metadata_path.value));
  part.loader->Remember(next.metadata_path.value, next.table);
  return {};
}

}  // namespace sluice
