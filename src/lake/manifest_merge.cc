#include "lake/manifest_merge.h"

#include <algorithm>
#include <map>
#include <set>

#include "lake/manifest_context.h"
#include "lake/remote_names.h"

namespace sluice {
namespace {

using Group = std::vector<const ManifestFile*>;

bool IsSmall(const ManifestFile& file, const MergeLimits& limits) {
  return file.content == 0 && !file.key_metadata && file.length < limits.target_bytes / 2;
}

// Returns the small manifests of the spec that has most of them, oldest first, up to the limits.
Group Choose(const std::vector<ManifestFile>& manifests, const MergeLimits& limits) {
  std::map<int32_t, Group> by_spec;
  for (auto file = manifests.rbegin(); file != manifests.rend(); ++file) {
    if (IsSmall(*file, limits)) by_spec[file->spec_id].push_back(&*file);
  }
  Group chosen;
  for (auto& [spec_id, group] : by_spec) {
    if (group.size() > chosen.size()) chosen = std::move(group);
  }
  if (chosen.size() < limits.min_manifests) return {};
  int64_t bytes = 0;
  const auto end = std::find_if(chosen.begin(), chosen.end(), [&](const ManifestFile* file) {
    bytes += file->length;
    return bytes > limits.target_bytes;
  });
  chosen.erase(end, chosen.end());
  if (chosen.size() > limits.max_manifests) chosen.resize(limits.max_manifests);
  return chosen.size() < 2 ? Group{} : chosen;
}

// Appends the live entries of one manifest as EXISTING. Deleted ones told of an older snapshot.
Status Collect(ObjectStore& store, const TableMetadata& metadata, const ManifestFile& file,
               SteadyTime deadline, std::vector<ManifestEntry>& entries) {
  SLUICE_ASSIGN(std::vector<ManifestEntry> all, LoadEntries(store, metadata, file, deadline));
  for (ManifestEntry& entry : all) {
    if (entry.status == EntryStatus::kDeleted) continue;
    entry.status = EntryStatus::kExisting;
    entries.push_back(std::move(entry));
  }
  return {};
}

}  // namespace

Result<std::optional<ManifestMerge>> MergeManifests(ObjectStore& store, const LoadedTable& table,
                                                    int64_t snapshot_id, SteadyTime deadline,
                                                    const MergeLimits& limits) {
  const Group chosen = Choose(table.manifests, limits);
  if (chosen.empty()) return std::nullopt;
  const auto context = ContextOf(table.metadata, chosen[0]->spec_id);
  if (!context) return std::nullopt;
  ManifestMerge merge;
  std::vector<ManifestEntry> entries;
  for (const ManifestFile* file : chosen) {
    SLUICE_TRY(Collect(store, table.metadata, *file, deadline, entries));
    merge.replaced.push_back(file->path);
  }
  if (entries.empty()) return merge;
  SLUICE_ASSIGN(WrittenManifest written, WriteManifest(*context, snapshot_id, entries));
  const RemotePath path = NewManifest(table.metadata.location);
  SLUICE_TRY(store.Put(path, written.bytes, deadline));
  written.file.path = path.value;
  merge.merged = std::move(written.file);
  return merge;
}

std::vector<ManifestFile> ApplyMerge(const ManifestMerge& merge,
                                     const std::vector<ManifestFile>& manifests,
                                     int64_t sequence_number) {
  const std::set<std::string> gone(merge.replaced.begin(), merge.replaced.end());
  std::vector<ManifestFile> result;
  if (merge.merged) {
    result.push_back(*merge.merged);
    result.back().sequence_number = sequence_number;
  }
  size_t found = 0;
  for (const ManifestFile& file : manifests) {
    if (gone.contains(file.path)) {
      ++found;
    } else {
      result.push_back(file);
    }
  }
  // Another engine rewrote one of them meanwhile: what we merged may hold files that are gone.
  return found == gone.size() ? result : manifests;
}

}  // namespace sluice
