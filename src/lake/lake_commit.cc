#include "lake/lake_commit.h"

#include <fmt/format.h>

#include "core/failpoint.h"
#include "lake/catalog.h"
#include "lake/in_parallel.h"

namespace sluice {
namespace {

constexpr size_t kConnections = 4;

const TableName& NameOf(const TablePart& part) {
  return part.append.prepared->table.name;
}

// A process that froze, or waited for PostgreSQL, for so long.
Status CheckNotSwept(const TablePart& part) {
  const int64_t age_ms = part.append.first_put.AgeMs();
  if (age_ms <= kMaxUncommittedMs) return {};
  return Fail(ErrorKind::kFenced,
              fmt::format("files of {} wait for their commit too long: {} min", NameOf(part).Full(),
                          age_ms / 60'000),
              "another process may have swept them; their records are read again");
}

}  // namespace

LakeCommit::LakeCommit(ObjectStore& store, std::string catalog, std::vector<TablePart> parts,
                       std::string positions)
    : store_(store),
      catalog_(std::move(catalog)),
      parts_(std::move(parts)),
      positions_(std::move(positions)) {}

Status LakeCommit::Apply(SqlSession& session, const CommitId& commit) {
  for (const TablePart& part : parts_) SLUICE_TRY(CheckNotSwept(part));
  SLUICE_ASSIGN(const auto all, LockAll(session));
  const auto& [locked, deadline] = all;
  SLUICE_TRY(InParallel(parts_.size(), kConnections, [&](size_t i) -> Status {
    SLUICE_TRY(parts_[i].loader->Load(locked.at(NameOf(parts_[i])), deadline));
    return {};
  }));
  Pointers pointers = locked;
  SLUICE_ASSIGN(const auto snapshots, BuildAll(commit, deadline, pointers));
  SLUICE_TRY(PutAll(snapshots, deadline));
  SLUICE_TRY(BoundWaits(session, deadline));
  for (const auto& [name, from] : locked) {
    SLUICE_TRY(SwapPointer(session, catalog_, name, from, pointers.at(name)));
    SLUICE_FAILPOINT("s7_swap");
  }
  snapshots_.clear();
  for (size_t i = 0; i < parts_.size(); ++i) {
    parts_[i].loader->Remember(snapshots[i].metadata_path.value, snapshots[i].table);
    snapshots_[NameOf(parts_[i]).Full()] = parts_[i].append.snapshot_id;
  }
  return {};
}

// In the order of the names (S5). The first is waited for with nothing in hand.
Result<LakeCommit::Locked> LakeCommit::LockAll(SqlSession& session) const {
  Locked locked{{}, Now() + kPointerHold};
  for (const TablePart& part : parts_) {
    if (locked.pointers.contains(NameOf(part))) continue;
    if (!locked.pointers.empty()) SLUICE_TRY(BoundWaits(session, locked.deadline));
    SLUICE_ASSIGN(const std::string pointer, LockPointer(session, catalog_, NameOf(part)));
    if (locked.pointers.empty()) locked.deadline = Now() + kPointerHold;
    locked.pointers[NameOf(part)] = pointer;
    SLUICE_FAILPOINT("s5_lock");
  }
  return locked;
}

// Parts of one table follow each other; `pointers` ends at the last of each.
Result<std::vector<NextSnapshot>> LakeCommit::BuildAll(const CommitId& commit, SteadyTime deadline,
                                                       Pointers& pointers) const {
  const std::map<std::string, std::string> audit{{"sluice.commit-id", commit.value},
                                                 {"sluice.positions", positions_}};
  std::map<TableName, TableLoader::Table> bases;
  std::vector<NextSnapshot> snapshots;
  for (const TablePart& part : parts_) {
    std::string& pointer = pointers.at(NameOf(part));
    TableLoader::Table& base = bases[NameOf(part)];
    if (!base) {
      SLUICE_ASSIGN(base, part.loader->Load(pointer, deadline));
    }
    SLUICE_ASSIGN(NextSnapshot next,
                  BuildSnapshot(*base, pointer, part.append, audit, WallClockMs()));
    pointer = next.metadata_path.value;
    base = next.table;
    snapshots.push_back(std::move(next));
  }
  return snapshots;
}

// All at once: nobody sees them before the pointers move.
Status LakeCommit::PutAll(const std::vector<NextSnapshot>& snapshots, SteadyTime deadline) const {
  return InParallel(2 * snapshots.size(), kConnections, [&](size_t i) -> Status {
    const NextSnapshot& next = snapshots[i / 2];
    if (i % 2 == 0) {
      SLUICE_TRY(store_.Put(next.list_path, next.list, deadline));
      SLUICE_FAILPOINT("s6_list");
    } else {
      SLUICE_TRY(store_.Put(next.metadata_path, next.metadata, deadline));
      SLUICE_FAILPOINT("s6_metadata");
    }
    return {};
  });
}

}  // namespace sluice
