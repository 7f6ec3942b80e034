#include "lake/manifest_rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "lake/remote_names.h"

namespace sluice {
namespace {

// A manifest of so many files has some megabytes: readers plan on, and memory stays small.
constexpr size_t kMaxEntries = 8'000;

}  // namespace

Error HasDeleteFiles(const std::string& name) {
  return {ErrorKind::kInvalidConfig,
          fmt::format("the lake table {} has delete files, which sluice does not rewrite", name),
          "rewrite its data files with the engine that deleted rows", "lake_delete_files"};
}

Status CheckNoDeletes(const LoadedTable& table, const std::string& name) {
  const bool deletes =
      std::any_of(table.manifests.begin(), table.manifests.end(),
                  [](const ManifestFile& file) { return file.content != 0 && HasLiveFiles(file); });
  if (deletes) return Fail(HasDeleteFiles(name));
  return {};
}

Status ManifestRewrite::Fit(const LoadedTable& table, int64_t merge_below_bytes,
                            SteadyTime deadline) {
  Forget(table.manifests);
  if (merge_below_bytes == 0 && Found() == removed_.size()) return {};
  std::set<std::string> known = clean_;
  for (const Group& group : groups_) known.insert(group.sources.begin(), group.sources.end());
  std::map<int32_t, Group> open;  // by spec
  for (const ManifestFile& file : table.manifests) {
    if (file.content != 0 || !HasLiveFiles(file) || known.contains(file.path)) continue;
    Group& group = open[file.spec_id];
    SLUICE_TRY(Take(table, file, file.length < merge_below_bytes, group, deadline));
    if (group.entries.size() < kMaxEntries) continue;
    SLUICE_TRY(Write(table, file.spec_id, std::exchange(group, {}), deadline));
  }
  for (auto& [spec_id, group] : open) {
    SLUICE_TRY(Write(table, spec_id, std::move(group), deadline));
  }
  if (Found() == removed_.size()) return {};
  return Fail(ErrorKind::kFenced,
              fmt::format("{} of {} data files to be replaced are no longer in the table",
                          removed_.size() - Found(), removed_.size()),
              "somebody else replaced or deleted them meanwhile: plan anew",
              std::string(kPlanAnew));
}

// Groups whose sources are not all there any more were made for another state.
void ManifestRewrite::Forget(const std::vector<ManifestFile>& manifests) {
  std::set<std::string> present;
  for (const ManifestFile& file : manifests) present.insert(file.path);
  std::erase_if(groups_, [&](const Group& group) {
    return !std::includes(present.begin(), present.end(), group.sources.begin(),
                          group.sources.end());
  });
}

size_t ManifestRewrite::Found() const {
  std::set<std::string> found;
  for (const Group& group : groups_) found.insert(group.found.begin(), group.found.end());
  return found.size();
}

// Adds one manifest to the group if it has anything that is removed, or is to be merged.
Status ManifestRewrite::Take(const LoadedTable& table, const ManifestFile& file, bool merge,
                             Group& group, SteadyTime deadline) {
  SLUICE_ASSIGN(std::vector<ManifestEntry> entries,
                LoadEntries(store_, table.metadata, file, deadline));
  std::erase_if(entries, [](const auto& entry) { return entry.status == EntryStatus::kDeleted; });
  const bool touched = std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
    return removed_.contains(entry.path);
  });
  if (!touched && !merge) {
    clean_.insert(file.path);
    return {};
  }
  group.sources.insert(file.path);
  for (ManifestEntry& entry : entries) {
    const bool gone = removed_.contains(entry.path);
    entry.status = gone ? EntryStatus::kDeleted : EntryStatus::kExisting;
    if (gone) {
      entry.snapshot_id = snapshot_id_;
      group.found.insert(entry.path);
      group.removed.files += 1;
      group.removed.records += entry.record_count;
      group.removed.bytes += entry.size_bytes;
      group.partitions.insert({file.spec_id, entry.partition});
    }
    group.entries.push_back(std::move(entry));
  }
  return {};
}

Status ManifestRewrite::Write(const LoadedTable& table, int32_t spec_id, Group group,
                              SteadyTime deadline) {
  if (group.found.empty() && group.sources.size() < 2) {  // there is nothing to win
    clean_.insert(group.sources.begin(), group.sources.end());
    return {};
  }
  const auto context = ContextOf(table.metadata, spec_id);
  if (!context) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("the table at `{}` is split in a way that sluice cannot write: spec {}",
                            table.metadata.location, spec_id));
  }
  SLUICE_ASSIGN(WrittenManifest written, WriteManifest(*context, snapshot_id_, group.entries));
  const RemotePath path = NewManifest(table.metadata.location);
  SLUICE_TRY(store_.Put(path, written.bytes, deadline));
  written.file.path = path.value;
  group.written = std::move(written.file);
  group.entries = {};
  groups_.push_back(std::move(group));
  return {};
}

std::vector<ManifestFile> ManifestRewrite::Apply(const std::vector<ManifestFile>& manifests,
                                                 int64_t sequence_number) const {
  std::vector<ManifestFile> result;
  std::set<std::string> gone;
  for (const Group& group : groups_) {
    gone.insert(group.sources.begin(), group.sources.end());
    result.push_back(*group.written);
    result.back().sequence_number = sequence_number;
    if (!HasLiveFiles(*group.written)) result.back().min_sequence_number = sequence_number;
  }
  for (const ManifestFile& file : manifests) {
    if (!gone.contains(file.path)) result.push_back(file);
  }
  return result;
}

FileTotals ManifestRewrite::Removed() const {
  FileTotals all;
  for (const Group& group : groups_) {
    all.files += group.removed.files;
    all.records += group.removed.records;
    all.bytes += group.removed.bytes;
  }
  return all;
}

ManifestRewrite::Partitions ManifestRewrite::ChangedPartitions() const {
  Partitions all;
  for (const Group& group : groups_) all.insert(group.partitions.begin(), group.partitions.end());
  return all;
}

std::pair<size_t, size_t> ManifestRewrite::Sizes() const {
  std::pair<size_t, size_t> sizes{0, groups_.size()};
  for (const Group& group : groups_) sizes.first += group.sources.size();
  return sizes;
}

}  // namespace sluice
