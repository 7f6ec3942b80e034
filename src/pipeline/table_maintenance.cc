#include "pipeline/table_maintenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <numeric>

#include "core/failpoint.h"
#include "core/log.h"
#include "lake/catalog.h"
#include "lake/compactor.h"
#include "lake/in_parallel.h"
#include "lake/orphans.h"
#include "lake/reachable.h"
#include "lake/snapshot_expiry.h"
#include "pipeline/maintenance_commit.h"

namespace sluice {
namespace {

constexpr std::chrono::minutes kStoreTime{10};
constexpr std::chrono::seconds kStoreCall{60};
constexpr size_t kConnections = 8;
constexpr int kPlans = 3;  // others may be at the same files
constexpr int64_t kSmallManifestBytes = 4 << 20;
// Beside a stream, fewer are not worth a commit for which workers wait. Each commit of a worker
// leaves one of each, so what maintenance costs is a small part of what they do.
constexpr size_t kWorthManifests = 50;
constexpr size_t kLeastSnapshots = 50;
// A stop waits for one listing and one upload at most; larger ones are for `sluice maintain`.
constexpr std::chrono::seconds kListBesideRun{20};
constexpr std::chrono::seconds kListAlone{600};
constexpr int64_t kJobBytesBesideRun = 256 << 20;
// Wide rows need this to be read; the run must not pay more for them.
constexpr const char* kMemoryBesideRun = "SET memory_limit = '256MB'";

// Expiry reads the lists of all that stay.
size_t WorthSnapshots(size_t kept) {
  return std::max(kLeastSnapshots, kept / 4);
}

std::unexpected<Error> Stopped() {
  return Fail(ErrorKind::kShutdown, "stopped during maintenance; what is committed stays");
}

size_t SmallManifests(const LoadedTable& table) {
  return static_cast<size_t>(
      std::count_if(table.manifests.begin(), table.manifests.end(), [](const ManifestFile& file) {
        return file.content == 0 && HasLiveFiles(file) && file.length < kSmallManifestBytes;
      }));
}

Result<std::unique_ptr<DuckEngine>> MakeEngine(bool thorough) {
  SLUICE_ASSIGN(auto engine, DuckEngine::Make());
  SLUICE_ASSIGN(const DuckConnectionHandle duck, engine->Connect());
  SLUICE_TRY(DuckQuery(duck.get(), "SET temp_directory = ''"));
  if (!thorough) SLUICE_TRY(DuckQuery(duck.get(), kMemoryBesideRun));
  return engine;
}

// What this table cannot have, though the rest of its maintenance can be done.
bool IsOfTheTable(const Error& error) {
  return error.kind == ErrorKind::kInvalidConfig || error.kind == ErrorKind::kFatal ||
         error.kind == ErrorKind::kInvariant;
}

}  // namespace

TableMaintainer::TableMaintainer(const Spec& spec, Tools tools, const MaintainOptions& options,
                                 TableName table, std::string pointer)
    : spec_(spec),
      tools_(std::move(tools)),
      options_(options),
      table_(std::move(table)),
      loader_(tools_.store) {
  done_.table = table_.Full();
  done_.pointer = std::move(pointer);
}

Result<TableMaintenance> TableMaintainer::Run() {
  SLUICE_TRY(Count(/*before=*/true));
  using Step = Status (TableMaintainer::*)();
  for (const Step step :
       {&TableMaintainer::Compact, &TableMaintainer::Expire, &TableMaintainer::Sweep}) {
    if (options_.stop.stop_requested()) return Stopped();
    const Status status = (this->*step)();
    if (status) continue;
    // Beside a run there is a next time for what did not work now.
    const bool goes_on = IsOfTheTable(status.error()) ||
                         (!options_.thorough && status.error().kind == ErrorKind::kRetryable);
    if (!goes_on) return Fail(status.error());
    if (!done_.skipped) done_.skipped = status.error();
  }
  SLUICE_TRY(Count(/*before=*/false));
  return std::move(done_);
}

void TableMaintainer::Note(const char* step, int64_t done, int64_t total) const {
  options_.on_progress({.table = done_.table, .step = step, .done = done, .total = total});
}

Status TableMaintainer::Count(bool before) {
  SLUICE_ASSIGN(const auto pointer, FindPointer(tools_.session, spec_.lake.catalog, table_));
  if (!pointer)
    return Fail(ErrorKind::kFatal, fmt::format("there is no lake table {}", done_.table));
  SLUICE_ASSIGN(const auto table, loader_.Load(*pointer, Now() + kStoreTime));
  int64_t files = 0, bytes = 0;
  for (const ManifestFile& file : table->manifests) {
    files += file.files[static_cast<size_t>(EntryStatus::kAdded)] +
             file.files[static_cast<size_t>(EntryStatus::kExisting)];
  }
  if (const Json* snapshot = table->metadata.CurrentSnapshot()) {
    const Json* summary = Member(*snapshot, "summary");
    if (summary != nullptr) bytes = IntegerOf(TextMember(*summary, "total-files-size"));
  }
  (before ? done_.files_before : done_.files_after) = files;
  (before ? done_.bytes_before : done_.bytes_after) = bytes;
  const auto manifests = static_cast<int64_t>(table->manifests.size());
  (before ? done_.manifests_before : done_.manifests_after) = manifests;
  if (before) {
    done_.snapshots_before = static_cast<int64_t>(SnapshotIds(table->metadata).size());
  }
  return {};
}

Status TableMaintainer::Compact() {
  for (int attempt = 0; attempt < kPlans; ++attempt) {
    Note("planning");
    SLUICE_ASSIGN(const auto pointer, FindPointer(tools_.session, spec_.lake.catalog, table_));
    SLUICE_ASSIGN(const auto table, loader_.Load(pointer.value_or(""), Now() + kStoreTime));
    const size_t manifests = SmallManifests(*table);
    if (!options_.thorough && manifests < kWorthManifests) return {};
    SLUICE_TRY(CheckNoDeletes(*table, done_.table));
    CompactionLimits limits{.target_file_bytes = options_.limits.target_file_bytes};
    if (!options_.thorough) limits.max_job_bytes = kJobBytesBesideRun;
    SLUICE_ASSIGN(auto jobs, PlanCompaction(tools_.store, *table, limits, Now() + kStoreTime));
    if (jobs.empty() && manifests > 1) jobs.emplace_back();
    Status status;
    for (size_t i = 0; status && i < jobs.size(); ++i) {
      status = RunJob(table->metadata, jobs[i], /*merge=*/i == 0);
    }
    if (status || status.error().code != kPlanAnew) return status;
  }
  return {};  // whoever was faster did the work
}

// A job without bins only merges manifests.
Status TableMaintainer::RunJob(const TableMetadata& metadata, const CompactionJob& job,
                               bool merge) {
  done_.compacted_files += static_cast<int64_t>(job.files());
  done_.compacted_bytes += job.bytes();
  if (options_.dry_run) {
    done_.written_files += static_cast<int64_t>(job.bins.size());
    return {};
  }
  if (engine_ == nullptr) {
    SLUICE_ASSIGN(engine_, MakeEngine(options_.thorough));
  }
  Compactor compactor(*engine_, tools_.store,
                      {.spool_folder = tools_.spool_folder,
                       .target_file_bytes = options_.limits.target_file_bytes,
                       .stop = options_.stop,
                       .on_bytes = [&](int64_t bytes) { Note("compacting", bytes, job.bytes()); }});
  TableRewrite rewrite{.table = table_, .table_uuid = metadata.uuid};
  if (job.bins.empty()) {
    rewrite.context.spec = *metadata.FindSpec(metadata.default_spec_id);
  } else {
    SLUICE_ASSIGN(rewrite, compactor.Run(table_, metadata, job));
  }
  if (merge) rewrite.merge_below_bytes = kSmallManifestBytes;
  const std::vector<DataFile> written = rewrite.added;
  RewriteCommit commit(tools_.store, spec_.lake.catalog, std::move(rewrite));
  Status status = commit.Prepare(tools_.session);
  SLUICE_FAILPOINT("compact_prepared");
  if (status) status = Commit(commit);
  if (status) {
    done_.written_files += static_cast<int64_t>(written.size());
    return {};
  }
  done_.compacted_files -= static_cast<int64_t>(job.files());
  done_.compacted_bytes -= job.bytes();
  if (status.error().code == kPlanAnew) {
    // Certainly not committed, and nobody else knows them.
    for (const DataFile& file : written) {
      SLUICE_TRY(tools_.store.Delete(file.path, Now() + kStoreCall));
    }
  }
  return status;
}

Status TableMaintainer::Commit(Participant& change) {
  MaintenanceCommit commit(spec_, tools_.worker, table_, change);
  SLUICE_TRY(tools_.committer.Commit(commit, options_.stop));
  ++done_.commits;
  return {};
}

Status TableMaintainer::Expire() {
  Note("expiring");
  SLUICE_ASSIGN(const auto pointer, FindPointer(tools_.session, spec_.lake.catalog, table_));
  SLUICE_ASSIGN(const auto table, loader_.Load(pointer.value_or(""), Now() + kStoreTime));
  const ExpiryLimits limits{.keep = options_.limits.keep_snapshots,
                            .age_ms = options_.limits.snapshot_age_ms};
  const auto expired = ChooseExpired(table->metadata, limits);
  const size_t kept = SnapshotIds(table->metadata).size() - expired.size();
  if (expired.size() < (options_.thorough ? 1 : WorthSnapshots(kept))) return {};
  if (options_.dry_run) return PlanExpiry(table->metadata);
  ExpiryCommit commit(tools_.store, spec_.lake.catalog, table_, limits);
  SLUICE_TRY(Commit(commit));
  done_.snapshots_expired += static_cast<int64_t>(commit.dropped().size());
  SLUICE_FAILPOINT("expire_committed");
  SLUICE_ASSIGN(const auto paths, commit.Unreferenced());
  SLUICE_TRY(Delete(paths, "expiring"));
  done_.deleted_objects += static_cast<int64_t>(paths.size());
  return {};
}

Status TableMaintainer::PlanExpiry(const TableMetadata& metadata) {
  const ExpiryLimits limits{.keep = options_.limits.keep_snapshots,
                            .age_ms = options_.limits.snapshot_age_ms};
  const auto expired = ChooseExpired(metadata, limits);
  Json tree = WithoutSnapshots(metadata, "", {expired.begin(), expired.end()}, WallClockMs());
  SLUICE_ASSIGN(const TableMetadata after, CheckMetadata(std::move(tree), "a plan"));
  SLUICE_ASSIGN(const auto paths, FindUnreferenced(tools_.store, metadata, after, expired));
  done_.snapshots_expired = static_cast<int64_t>(expired.size());
  done_.deleted_objects = static_cast<int64_t>(paths.size());
  return {};
}

Status TableMaintainer::Sweep() {
  if (!options_.sweep && done_.snapshots_expired == 0) return {};
  Note("sweeping");
  const OrphanOptions options{.older_than_ms = options_.limits.orphans_after_ms,
                              .superseded_only = !options_.sweep,
                              .probe = !options_.dry_run,
                              .list_within = options_.thorough ? kListAlone : kListBesideRun};
  SLUICE_ASSIGN(const Orphans orphans,
                FindOrphans(tools_.session, spec_.lake.catalog, table_, tools_.store, options));
  std::vector<std::string> paths;
  for (const ObjectInfo& object : orphans.objects) paths.push_back(object.path.value);
  if (!options_.dry_run) SLUICE_TRY(Delete(paths, "sweeping"));
  done_.orphans = static_cast<int64_t>(orphans.objects.size());
  done_.orphan_bytes = orphans.bytes();
  return {};
}

Status TableMaintainer::Delete(const std::vector<std::string>& paths, const char* step) {
  std::atomic<int64_t> gone = 0;
  return InParallel(paths.size(), kConnections, [&](size_t i) -> Status {
    if (options_.stop.stop_requested()) return Stopped();
    SLUICE_TRY(tools_.store.Delete({paths[i]}, Now() + kStoreCall));
    if (++gone % 1000 == 0) {
      Log(LogLevel::kDebug, "lake objects are being removed",
          {{"table", done_.table}, {"step", step}, {"removed", std::to_string(gone)}});
    }
    return {};
  });
}

}  // namespace sluice
