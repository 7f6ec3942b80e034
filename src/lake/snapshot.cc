#include "lake/snapshot.h"

#include <fmt/format.h>

#include <charconv>
#include <random>

#include "lake/remote_names.h"

namespace sluice {
namespace {

using Summary = std::map<std::string, std::string>;

// Files and rows that are live, over the manifests of one content.
struct Totals {
  int64_t files = 0;
  int64_t rows = 0;
};

Totals Count(const std::vector<ManifestFile>& manifests, int64_t content) {
  Totals totals;
  for (const ManifestFile& file : manifests) {
    if (file.content != content) continue;
    for (const EntryStatus live : {EntryStatus::kExisting, EntryStatus::kAdded}) {
      totals.files += file.files[static_cast<size_t>(live)];
      totals.rows += file.rows[static_cast<size_t>(live)];
    }
  }
  return totals;
}

// A number of the parent's summary; 0 without parent, nothing where the parent does not tell.
std::optional<int64_t> ParentNumber(const TableMetadata& base, const char* key) {
  const Json* parent = base.CurrentSnapshot();
  if (parent == nullptr) return 0;
  const Json* summary = Member(*parent, "summary");
  const auto text = summary != nullptr ? TextMember(*summary, key) : std::nullopt;
  if (!text) return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool whole = error == std::errc{} && end == text->data() + text->size();
  return whole ? std::optional(number) : std::nullopt;
}

// Other engines add to these totals, so a wrong one spreads: what cannot be known is left out.
Summary Summarize(const TableMetadata& base, const SnapshotChange& change) {
  const Totals data = Count(change.manifests, 0);
  const Totals deletes = Count(change.manifests, 1);
  Summary summary{{"operation", change.operation},
                  {"added-data-files", std::to_string(change.added.files)},
                  {"added-records", std::to_string(change.added.records)},
                  {"added-files-size", std::to_string(change.added.bytes)},
                  {"changed-partition-count", std::to_string(change.partitions)},
                  {"total-records", std::to_string(data.rows)},
                  {"total-data-files", std::to_string(data.files)},
                  {"total-delete-files", std::to_string(deletes.files)}};
  if (change.removed.files > 0) {
    summary["deleted-data-files"] = std::to_string(change.removed.files);
    summary["deleted-records"] = std::to_string(change.removed.records);
    summary["removed-files-size"] = std::to_string(change.removed.bytes);
  }
  if (const auto size = ParentNumber(base, "total-files-size")) {
    summary["total-files-size"] = std::to_string(*size + change.added.bytes - change.removed.bytes);
  }
  for (const char* key : {"total-position-deletes", "total-equality-deletes"}) {
    const auto number = deletes.files == 0 ? std::optional<int64_t>(0) : ParentNumber(base, key);
    if (number) summary[key] = std::to_string(*number);
  }
  return summary;
}

// The new manifest first, then the parent's, merged where that was prepared.
std::vector<ManifestFile> NextManifests(const LoadedTable& base, const TableAppend& append,
                                        int64_t sequence_number) {
  std::vector<ManifestFile> manifests{append.manifest};
  manifests[0].sequence_number = sequence_number;
  manifests[0].min_sequence_number = sequence_number;
  const std::vector<ManifestFile> carried =
      append.merge ? ApplyMerge(*append.merge, base.manifests, sequence_number) : base.manifests;
  manifests.insert(manifests.end(), carried.begin(), carried.end());
  return manifests;
}

}  // namespace

int64_t NewSnapshotId() {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return std::uniform_int_distribution<int64_t>(1, INT64_MAX)(random);
}

Result<NextSnapshot> BuildSnapshot(const LoadedTable& base, const std::string& pointer,
                                   const TableAppend& append, const Summary& audit,
                                   int64_t now_ms) {
  SLUICE_TRY(CheckStillFits(*append.prepared, base.metadata));
  SnapshotChange change{
      .snapshot_id = append.snapshot_id,
      .operation = "append",
      .manifests = NextManifests(base, append, base.metadata.last_sequence_number + 1),
      .added = {append.files, append.records, append.bytes},
      .removed = {},
      .partitions = append.partitions};
  return BuildSnapshot(base, pointer, std::move(change), audit, now_ms);
}

Result<NextSnapshot> BuildSnapshot(const LoadedTable& base, const std::string& pointer,
                                   SnapshotChange change, const Summary& audit, int64_t now_ms) {
  if (base.metadata.FindSnapshot(change.snapshot_id) != nullptr) {
    return Fail(ErrorKind::kInvariant,
                fmt::format("the snapshot {} is in the table at `{}` already", change.snapshot_id,
                            base.metadata.location));
  }
  const int64_t sequence_number = base.metadata.last_sequence_number + 1;
  // What only tells which files an earlier snapshot took away has no reader any more.
  std::erase_if(change.manifests, [&](const ManifestFile& file) {
    return !HasLiveFiles(file) && file.sequence_number < sequence_number;
  });
  Summary summary = Summarize(base.metadata, change);
  summary.insert(audit.begin(), audit.end());
  NextSnapshot next{.list_path = NewManifestList(base.metadata.location, change.snapshot_id),
                    .list = WriteManifestList(change.manifests, change.snapshot_id,
                                              base.metadata.current_snapshot_id, sequence_number),
                    .metadata_path = NewMetadata(base.metadata.location, pointer),
                    .metadata = {},
                    .table = nullptr};
  Json tree = WithSnapshot(base.metadata, pointer,
                           {.snapshot_id = change.snapshot_id,
                            .manifest_list = next.list_path.value,
                            .summary = std::move(summary)},
                           now_ms);
  next.metadata = WriteJson(tree);
  SLUICE_ASSIGN(TableMetadata checked, CheckMetadata(std::move(tree), next.metadata_path.value));
  next.table = std::make_shared<const LoadedTable>(
      LoadedTable{std::move(checked), std::move(change.manifests)});
  return next;
}

}  // namespace sluice
