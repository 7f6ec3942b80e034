#include "lake/reachable.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "lake/folder_store.h"
#include "lake/in_parallel.h"
#include "lake/manifest_context.h"
#include "lake/manifest_rewrite.h"
#include "lake/table_loader.h"

namespace sluice {
namespace {

constexpr std::chrono::seconds kStoreCall{60};
constexpr size_t kConnections = 8;

// The manifests of some snapshots, each once, by normalised address.
using Manifests = std::map<std::string, ManifestFile>;

Result<Manifests> LoadAllManifests(ObjectStore& store, const TableMetadata& metadata,
                                   const std::vector<int64_t>& snapshots) {
  Manifests all;
  std::mutex mutex;
  SLUICE_TRY(InParallel(snapshots.size(), kConnections, [&](size_t i) -> Status {
    const Json* snapshot = metadata.FindSnapshot(snapshots[i]);
    if (snapshot == nullptr) return {};
    SLUICE_ASSIGN(const std::string list, NeedText(*snapshot, "manifest-list"));
    SLUICE_ASSIGN(auto manifests, LoadManifests(store, list, Now() + kStoreCall));
    const std::scoped_lock lock(mutex);
    for (ManifestFile& file : manifests) {
      all.try_emplace(NormalizeAddress(file.path), std::move(file));
    }
    return {};
  }));
  return all;
}

// Reads manifests, several at a time, and shows the files that each keeps alive.
Status VisitFilesOf(ObjectStore& store, const TableMetadata& metadata,
                    const std::vector<const ManifestFile*>& manifests,
                    const std::function<void(const std::string&)>& visit) {
  std::mutex mutex;
  return InParallel(manifests.size(), kConnections, [&](size_t i) -> Status {
    const ManifestFile& file = *manifests[i];
    if (!HasLiveFiles(file)) return {};
    if (file.content != 0) return Fail(HasDeleteFiles(metadata.location));
    SLUICE_ASSIGN(const auto entries, LoadEntries(store, metadata, file, Now() + kStoreCall));
    const std::scoped_lock lock(mutex);
    for (const ManifestEntry& entry : entries) {
      if (entry.status != EntryStatus::kDeleted) visit(entry.path);
    }
    return {};
  });
}

bool IsOneOf(const Json& item, const std::vector<int64_t>& snapshots) {
  const auto id = IntMember(item, "snapshot-id");
  return id && std::find(snapshots.begin(), snapshots.end(), *id) != snapshots.end();
}

std::vector<std::string> StatisticsOf(const TableMetadata& metadata,
                                      const std::vector<int64_t>& snapshots) {
  std::vector<std::string> paths;
  for (const char* key : {"statistics", "partition-statistics"}) {
    for (const Json& item : ListMember(metadata.tree, key)) {
      const auto path = TextMember(item, "statistics-path");
      if (path && IsOneOf(item, snapshots)) paths.push_back(*path);
    }
  }
  return paths;
}

std::vector<std::string> ListsOf(const TableMetadata& metadata,
                                 const std::vector<int64_t>& snapshots) {
  std::vector<std::string> paths;
  for (const Json& snapshot : ListMember(metadata.tree, "snapshots")) {
    const auto path = TextMember(snapshot, "manifest-list");
    if (path && IsOneOf(snapshot, snapshots)) paths.push_back(*path);
  }
  return paths;
}

}  // namespace

std::vector<int64_t> SnapshotIds(const TableMetadata& metadata) {
  std::vector<int64_t> ids;
  for (const Json& snapshot : ListMember(metadata.tree, "snapshots")) {
    ids.push_back(IntMember(snapshot, "snapshot-id").value_or(0));
  }
  return ids;
}

Status VisitReachable(ObjectStore& store, const TableMetadata& metadata,
                      const std::function<void(const std::string&)>& visit) {
  const std::vector<int64_t> snapshots = SnapshotIds(metadata);
  for (const std::string& path : StatisticsOf(metadata, snapshots)) visit(path);
  for (const std::string& path : ListsOf(metadata, snapshots)) visit(path);
  SLUICE_ASSIGN(const Manifests manifests, LoadAllManifests(store, metadata, snapshots));
  std::vector<const ManifestFile*> files;
  for (const auto& [path, file] : manifests) {
    visit(file.path);
    files.push_back(&file);
  }
  return VisitFilesOf(store, metadata, files, visit);
}

Result<std::vector<std::string>> FindUnreferenced(ObjectStore& store, const TableMetadata& before,
                                                  const TableMetadata& after,
                                                  const std::vector<int64_t>& dropped) {
  SLUICE_ASSIGN(const Manifests gone, LoadAllManifests(store, before, dropped));
  SLUICE_ASSIGN(const Manifests kept, LoadAllManifests(store, after, SnapshotIds(after)));
  std::vector<const ManifestFile*> only_gone, all_kept;
  for (const auto& [path, file] : gone) {
    if (!kept.contains(path)) only_gone.push_back(&file);
  }
  for (const auto& [path, file] : kept) all_kept.push_back(&file);
  std::map<std::string, std::string> files;  // normalised → as it is written
  SLUICE_TRY(VisitFilesOf(store, before, only_gone, [&](const std::string& path) {
    files.emplace(NormalizeAddress(path), path);
  }));
  if (!files.empty()) {
    SLUICE_TRY(VisitFilesOf(store, after, all_kept,
                            [&](const std::string& path) { files.erase(NormalizeAddress(path)); }));
  }
  std::vector<std::string> paths;
  for (auto& [normalised, path] : files) paths.push_back(std::move(path));
  for (const ManifestFile* file : only_gone) paths.push_back(file->path);
  for (std::string& path : StatisticsOf(before, dropped)) paths.push_back(std::move(path));
  for (std::string& path : ListsOf(before, dropped)) paths.push_back(std::move(path));
  // Files that were brought in from elsewhere are not ours to remove.
  const std::string below = NormalizeAddress(before.location) + "/";
  std::erase_if(
      paths, [&](const std::string& path) { return !NormalizeAddress(path).starts_with(below); });
  return paths;
}

}  // namespace sluice
