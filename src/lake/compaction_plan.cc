#include "lake/compaction_plan.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "lake/manifest_context.h"

namespace sluice {
namespace {

using Values = std::vector<std::optional<std::string>>;
using Candidates = std::map<std::pair<int32_t, Values>, std::vector<LiveFile>>;

// Below this part of the target all files are alike: rewriting them costs next to nothing.
constexpr int64_t kTinyPart = 128;

bool IsSmall(const ManifestEntry& entry, const CompactionLimits& limits) {
  const bool parquet = entry.format == "PARQUET" || entry.format == "parquet";
  return entry.status != EntryStatus::kDeleted && parquet && !entry.key_metadata &&
         entry.size_bytes < limits.target_file_bytes / 4 * 3;
}

Result<Candidates> FindSmall(ObjectStore& store, const LoadedTable& table,
                             const CompactionLimits& limits, SteadyTime deadline) {
  Candidates small;
  for (const ManifestFile& manifest : table.manifests) {
    if (manifest.content != 0 || manifest.key_metadata || !HasLiveFiles(manifest)) continue;
    SLUICE_ASSIGN(const auto entries, LoadEntries(store, table.metadata, manifest, deadline));
    for (const ManifestEntry& entry : entries) {
      if (!IsSmall(entry, limits)) continue;
      small[{manifest.spec_id, entry.partition}].push_back(
          {.path = {entry.path},
           .record_count = entry.record_count,
           .size_bytes = entry.size_bytes,
           .sequence_number = entry.sequence_number.value_or(0),
           .snapshot_id = entry.snapshot_id.value_or(0),
           .partition = {}});
    }
  }
  return small;
}

// Smallest first, each next one no larger than all before it together, and half as much again since
// no two files are quite alike: sizes grow like those of a binary counter. A bin ends where it is
// full or the next file is of another size.
std::vector<CompactionBin> Pack(const Values& partition, std::vector<LiveFile> files,
                                const CompactionLimits& limits) {
  std::stable_sort(files.begin(), files.end(), [](const LiveFile& a, const LiveFile& b) {
    return a.size_bytes < b.size_bytes;
  });
  std::vector<CompactionBin> bins;
  CompactionBin open{partition, {}};
  int64_t bytes = 0;
  const auto close = [&](bool full) {
    if (open.files.size() >= (full ? 2 : limits.min_files)) bins.push_back(std::move(open));
    open = {partition, {}};
    bytes = 0;
  };
  for (LiveFile& file : files) {
    const bool full = bytes + file.size_bytes > limits.target_file_bytes;
    const bool alike =
        file.size_bytes <= std::max(bytes + bytes / 2, limits.target_file_bytes / kTinyPart);
    if (!open.files.empty() && (full || !alike)) close(full);
    bytes += file.size_bytes;
    open.files.push_back(std::move(file));
  }
  close(false);
  return bins;
}

}  // namespace

int64_t CompactionBin::bytes() const {
  return std::accumulate(files.begin(), files.end(), int64_t{0},
                         [](int64_t sum, const LiveFile& file) { return sum + file.size_bytes; });
}

int64_t CompactionJob::bytes() const {
  return std::accumulate(bins.begin(), bins.end(), int64_t{0},
                         [](int64_t sum, const CompactionBin& bin) { return sum + bin.bytes(); });
}

size_t CompactionJob::files() const {
  return std::accumulate(
      bins.begin(), bins.end(), size_t{0},
      [](size_t sum, const CompactionBin& bin) { return sum + bin.files.size(); });
}

Result<std::vector<CompactionJob>> PlanCompaction(ObjectStore& store, const LoadedTable& table,
                                                  const CompactionLimits& limits,
                                                  SteadyTime deadline) {
  SLUICE_ASSIGN(Candidates small, FindSmall(store, table, limits, deadline));
  std::vector<CompactionJob> jobs;
  for (auto& [key, files] : small) {  // in the order of the specs
    for (CompactionBin& bin : Pack(key.second, std::move(files), limits)) {
      const bool fits = !jobs.empty() && jobs.back().spec_id == key.first &&
                        jobs.back().bytes() + bin.bytes() <= limits.max_job_bytes;
      if (!fits) jobs.push_back({.spec_id = key.first, .bins = {}});
      jobs.back().bins.push_back(std::move(bin));
    }
  }
  return jobs;
}

}  // namespace sluice
