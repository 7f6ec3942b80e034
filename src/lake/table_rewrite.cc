#include "lake/table_rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/failpoint.h"
#include "lake/catalog.h"
#include "lake/in_parallel.h"
#include "lake/remote_names.h"

namespace sluice {
namespace {

constexpr std::chrono::minutes kStoreTime{10};

std::string_view OperationOf(RewriteKind kind) {
  return kind == RewriteKind::kReplace ? "replace" : "overwrite";
}

int64_t LiveRecords(const std::vector<ManifestFile>& manifests) {
  return std::accumulate(manifests.begin(), manifests.end(), int64_t{0},
                         [](int64_t sum, const ManifestFile& file) {
                           return sum + file.rows[static_cast<size_t>(EntryStatus::kAdded)] +
                                  file.rows[static_cast<size_t>(EntryStatus::kExisting)];
                         });
}

}  // namespace

RewriteCommit::RewriteCommit(ObjectStore& store, std::string catalog, TableRewrite rewrite)
    : store_(store),
      catalog_(std::move(catalog)),
      rewrite_(std::move(rewrite)),
      snapshot_id_(NewSnapshotId()),
      loader_(store),
      manifests_(store, snapshot_id_, rewrite_.removed) {
  added_.files = static_cast<int64_t>(rewrite_.added.size());
  for (const DataFile& file : rewrite_.added) {
    added_.records += file.record_count;
    added_.bytes += file.size_bytes;
  }
}

RewriteCommit::~RewriteCommit() = default;

Status RewriteCommit::Prepare(SqlSession& session) {
  SLUICE_ASSIGN(const auto pointer, FindPointer(session, catalog_, rewrite_.table));
  if (!pointer) {
    return Fail(ErrorKind::kFatal, fmt::format("the table {} is gone from the catalog {}",
                                               rewrite_.table.Full(), catalog_));
  }
  const SteadyTime deadline = Now() + kStoreTime;
  SLUICE_ASSIGN(const auto table, loader_.Load(*pointer, deadline));
  SLUICE_TRY(PutAdded(table->metadata.location, deadline));
  return Fit(*table, rewrite_.merge_below_bytes, deadline);
}

Status RewriteCommit::Apply(SqlSession& session, const CommitId& commit) {
  SLUICE_ASSIGN(const std::string pointer, LockPointer(session, catalog_, rewrite_.table));
  SLUICE_FAILPOINT("rewrite_lock");
  const SteadyTime deadline = Now() + kPointerHold;
  SLUICE_ASSIGN(const auto table, loader_.Load(pointer, deadline));
  SLUICE_TRY(PutAdded(table->metadata.location, deadline));
  SLUICE_TRY(Fit(*table, 0, deadline));
  std::map<std::string, std::string> audit = rewrite_.audit;
  audit["sluice.commit-id"] = commit.value;
  SLUICE_ASSIGN(const NextSnapshot next,
                BuildSnapshot(*table, pointer, ChangeOf(*table), audit, WallClockMs()));
  SLUICE_TRY(InParallel(2, 2, [&](size_t i) {
    return i == 0 ? store_.Put(next.list_path, next.list, deadline)
                  : store_.Put(next.metadata_path, next.metadata, deadline);
  }));
  SLUICE_TRY(BoundWaits(session, deadline));
  SLUICE_TRY(SwapPointer(session, catalog_, rewrite_.table, pointer, next.metadata_path.value));
  SLUICE_FAILPOINT("rewrite_swap");
  loader_.Remember(next.metadata_path.value, next.table);
  snapshots_ = {{rewrite_.table.Full(), snapshot_id_}};
  return {};
}

Status RewriteCommit::Fit(const LoadedTable& table, int64_t merge_below_bytes,
                          SteadyTime deadline) {
  SLUICE_TRY(CheckStillThere(table.metadata));
  SLUICE_TRY(CheckNoDeletes(table, rewrite_.table.Full()));
  SLUICE_TRY(manifests_.Fit(table, merge_below_bytes, deadline));
  if (rewrite_.kind == RewriteKind::kOverwrite) return {};
  const int64_t before = LiveRecords(table.manifests);
  const int64_t after = LiveRecords(ChangeOf(table).manifests);
  if (before == after && manifests_.Removed().records == added_.records) return {};
  return Fail(ErrorKind::kInvariant,
              fmt::format("a rewrite of {} would change its rows: {} before, {} after",
                          rewrite_.table.Full(), before, after));
}

Status RewriteCommit::CheckStillThere(const TableMetadata& metadata) const {
  const PartitionSpec& spec = rewrite_.context.spec;
  const PartitionSpec* live = metadata.FindSpec(spec.spec_id);
  if (metadata.uuid == rewrite_.table_uuid && live != nullptr && *live == spec) return {};
  return Fail(ErrorKind::kFatal,
              fmt::format("the table {} was dropped and made again, or is split in another way",
                          rewrite_.table.Full()),
              "start the work again");
}

// The manifest has no sequence number yet, so it serves for every state of the table.
Status RewriteCommit::PutAdded(const std::string& location, SteadyTime deadline) {
  if (added_manifest_ || rewrite_.added.empty()) return {};
  std::vector<ManifestEntry> entries;
  for (const DataFile& file : rewrite_.added) entries.push_back(AddedEntry(file, snapshot_id_));
  SLUICE_ASSIGN(WrittenManifest written, WriteManifest(rewrite_.context, snapshot_id_, entries));
  const RemotePath path = NewManifest(location);
  SLUICE_TRY(store_.Put(path, written.bytes, deadline));
  written.file.path = path.value;
  added_manifest_ = std::move(written.file);
  return {};
}

SnapshotChange RewriteCommit::ChangeOf(const LoadedTable& table) const {
  const int64_t sequence_number = table.metadata.last_sequence_number + 1;
  SnapshotChange change{.snapshot_id = snapshot_id_,
                        .operation = std::string(OperationOf(rewrite_.kind)),
                        .manifests = manifests_.Apply(table.manifests, sequence_number),
                        .added = added_,
                        .removed = manifests_.Removed()};
  if (added_manifest_) {
    change.manifests.insert(change.manifests.begin(), *added_manifest_);
    change.manifests[0].sequence_number = sequence_number;
    change.manifests[0].min_sequence_number = sequence_number;
  }
  ManifestRewrite::Partitions partitions = manifests_.ChangedPartitions();
  for (const DataFile& file : rewrite_.added) {
    std::vector<std::optional<std::string>> values;
    for (const PartitionValue& value : file.partition) values.push_back(value.bytes);
    partitions.insert({rewrite_.context.spec.spec_id, std::move(values)});
  }
  change.partitions = static_cast<int64_t>(partitions.size());
  return change;
}

}  // namespace sluice
