#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lake/manifest_context.h"
#include "lake/snapshot.h"
#include "lake/table_loader.h"

namespace sluice {

/// `code` of the kFenced error of a rewrite whose files are no longer all there: plan anew.
inline constexpr std::string_view kPlanAnew = "plan_anew";

/// Says that a table has delete files: kInvalidConfig.
Error HasDeleteFiles(const std::string& name);

/// FailsWith kInvalidConfig when rows of the table are deleted by delete files: its data files
/// cannot be rewritten one by one.
Status CheckNoDeletes(const LoadedTable& table, const std::string& name);

/// The manifests of a snapshot that takes some data files away. Manifests that hold them, and small
/// ones beside those where asked, are written anew in groups: removed files as DELETED, all others
/// as EXISTING with the numbers they had. What was written is used for every later state of the
/// table that still lists a group's sources. Used by one thread.
class ManifestRewrite {
 public:
  /// Partitions by spec and values.
  using Partitions = std::set<std::pair<int32_t, std::vector<std::optional<std::string>>>>;

  /// `removed`: addresses as the table's manifests have them. `snapshot_id` is the snapshot that
  /// is going to list the new manifests. `store` outlives this.
  ManifestRewrite(ObjectStore& store, int64_t snapshot_id, std::set<std::string> removed)
      : store_(store), snapshot_id_(snapshot_id), removed_(std::move(removed)) {}

  /// Finds every removed file in this state of the table and writes what is missing; manifests
  /// shorter than `merge_below_bytes` are merged too. FailsWith kFenced and kPlanAnew when a file
  /// is not live.
  Status Fit(const LoadedTable& table, int64_t merge_below_bytes, SteadyTime deadline);

  /// Returns the next list's manifests in place of those of the state that Fit saw last.
  std::vector<ManifestFile> Apply(const std::vector<ManifestFile>& manifests,
                                  int64_t sequence_number) const;
  /// Returns what Apply takes away.
  FileTotals Removed() const;
  Partitions ChangedPartitions() const;
  /// Returns how many manifests Apply takes away, and how many it puts there instead.
  std::pair<size_t, size_t> Sizes() const;

 private:
  struct Group {
    std::set<std::string> sources{};
    std::vector<ManifestEntry> entries{};  ///< until it is written
    std::optional<ManifestFile> written{};
    std::set<std::string> found{};
    FileTotals removed{};
    Partitions partitions{};
  };

  void Forget(const std::vector<ManifestFile>& manifests);
  size_t Found() const;
  Status Take(const LoadedTable& table, const ManifestFile& file, bool merge, Group& group,
              SteadyTime deadline);
  Status Write(const LoadedTable& table, int32_t spec_id, Group group, SteadyTime deadline);

  ObjectStore& store_;
  int64_t snapshot_id_;
  std::set<std::string> removed_;
  std::vector<Group> groups_;
  std::set<std::string> clean_;  ///< manifests that hold none of the removed files
};

}  // namespace sluice
