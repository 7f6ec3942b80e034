#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lake/table_loader.h"

namespace sluice {

struct MergeLimits {
  size_t min_manifests = 100;      ///< fewer small ones are left alone
  size_t max_manifests = 1000;     ///< merged at a time
  int64_t target_bytes = 8 << 20;  ///< manifests from half of this are left alone
};

/// Small manifests of one spec, and one in place of them. May be used with any later state of the
/// table that still lists all of `replaced`.
struct ManifestMerge {
  std::vector<std::string> replaced;
  /// Without sequence_number. Its entries are EXISTING, each with the snapshot and the sequence
  /// numbers it was added with. Absent when nothing in the replaced ones is live.
  std::optional<ManifestFile> merged;
};

/// Writes a merged manifest when the table has grown enough small ones; nothing otherwise.
/// `snapshot_id` is the snapshot that is going to list it.
Result<std::optional<ManifestMerge>> MergeManifests(ObjectStore& store, const LoadedTable& table,
                                                    int64_t snapshot_id, SteadyTime deadline,
                                                    const MergeLimits& limits = {});

/// Returns the manifests with the merge carried out, or as they were when it does not apply.
std::vector<ManifestFile> ApplyMerge(const ManifestMerge& merge,
                                     const std::vector<ManifestFile>& manifests,
                                     int64_t sequence_number);

}  // namespace sluice
