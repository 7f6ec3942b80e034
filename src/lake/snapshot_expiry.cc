#include "lake/snapshot_expiry.h"

#include <algorithm>
#include <set>

#include "core/failpoint.h"
#include "lake/catalog.h"
#include "lake/reachable.h"
#include "lake/remote_names.h"
#include "lake/table_loader.h"

namespace sluice {
namespace {

struct Age {
  int64_t sequence_number, timestamp_ms, id;
};

std::vector<Age> ByAge(const TableMetadata& metadata) {
  std::vector<Age> ages;
  for (const Json& snapshot : ListMember(metadata.tree, "snapshots")) {
    ages.push_back({IntMember(snapshot, "sequence-number").value_or(0),
                    IntMember(snapshot, "timestamp-ms").value_or(0),
                    IntMember(snapshot, "snapshot-id").value_or(0)});
  }
  std::sort(ages.begin(), ages.end(),
            [](const Age& a, const Age& b) { return a.sequence_number < b.sequence_number; });
  return ages;
}

// Branches and tags name the snapshots that somebody wants to keep.
std::set<int64_t> Named(const TableMetadata& metadata) {
  std::set<int64_t> ids;
  if (metadata.current_snapshot_id) ids.insert(*metadata.current_snapshot_id);
  if (const Json* refs = Member(metadata.tree, "refs")) {
    for (const auto& [name, ref] : refs->items()) {
      if (const auto id = IntMember(ref, "snapshot-id")) ids.insert(*id);
    }
  }
  return ids;
}

}  // namespace

std::vector<int64_t> ChooseExpired(const TableMetadata& metadata, const ExpiryLimits& limits) {
  const std::vector<Age> ages = ByAge(metadata);
  const std::set<int64_t> named = Named(metadata);
  const int64_t oldest_ms = metadata.last_updated_ms - limits.age_ms;
  std::vector<int64_t> expired;
  for (size_t i = 0; i + static_cast<size_t>(limits.keep) < ages.size(); ++i) {
    if (ages[i].timestamp_ms < oldest_ms && !named.contains(ages[i].id)) {
      expired.push_back(ages[i].id);
    }
  }
  return expired;
}

Status ExpiryCommit::Apply(SqlSession& session, const CommitId&) {
  dropped_.clear();
  SLUICE_ASSIGN(const std::string pointer, LockPointer(session, catalog_, table_));
  const SteadyTime deadline = Now() + kPointerHold;
  SLUICE_ASSIGN(before_, LoadMetadata(store_, pointer, deadline));
  std::vector<int64_t> expired = ChooseExpired(before_, limits_);
  if (expired.empty()) return {};
  const RemotePath path = NewMetadata(before_.location, pointer);
  Json tree = WithoutSnapshots(before_, pointer, {expired.begin(), expired.end()}, WallClockMs());
  const std::string text = WriteJson(tree);
  SLUICE_ASSIGN(after_, CheckMetadata(std::move(tree), path.value));
  SLUICE_TRY(store_.Put(path, text, deadline));
  SLUICE_TRY(BoundWaits(session, deadline));
  SLUICE_TRY(SwapPointer(session, catalog_, table_, pointer, path.value));
  SLUICE_FAILPOINT("expire_swap");
  dropped_ = std::move(expired);
  return {};
}

Result<std::vector<std::string>> ExpiryCommit::Unreferenced() const {
  return FindUnreferenced(store_, before_, after_, dropped_);
}

}  // namespace sluice
