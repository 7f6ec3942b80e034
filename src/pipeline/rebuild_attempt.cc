#include "pipeline/rebuild_attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/failpoint.h"
#include "core/log.h"
#include "core/pause.h"
#include "core/text.h"
#include "lake/table_rewrite.h"
#include "ledger/maintenance_lock.h"
#include "ledger/schema.h"
#include "pipeline/bronze_rows.h"
#include "pipeline/storm_watch.h"

namespace sluice {
namespace {

constexpr size_t kRefusedShown = 20;
constexpr std::chrono::seconds kStoreCall{30};
constexpr std::chrono::milliseconds kAskAgain{500};

Status CheckPlaces(std::string_view sink, const MadeByPlace& made,
                   const std::vector<RebuildMark>& marks) {
  int64_t known = 0;
  for (const RebuildMark& mark : marks) {
    const auto found = made.find({mark.log, mark.partition});
    const int64_t records = found == made.end() ? 0 : found->second.all();
    known += records;
    if (records == mark.ok) continue;
    return Fail(ErrorKind::kInvariant,
                fmt::format("bronze has other records than the {}'s ledger: log {} partition {}: "
                            "{} instead of {}",
                            sink, mark.log.value, mark.partition.value, records, mark.ok),
                "nothing was changed; `sluice verify` tells what is missing");
  }
  if (known == SumOf(made).all()) return {};
  return Fail(ErrorKind::kInvariant, "bronze has records of which the ledger knows nothing",
              "nothing was changed; `sluice verify` tells which");
}

const RebuildMark* FindMark(const std::vector<RebuildMark>& marks, LogId log,
                            PartitionId partition) {
  const auto found = std::ranges::find_if(marks, [&](const RebuildMark& mark) {
    return mark.log == log && mark.partition == partition;
  });
  return found == marks.end() ? nullptr : &*found;
}

void AddChanges(Sink sink, const std::vector<RebuildMark>& marks, const MadeByPlace& made,
                std::vector<LeftOutChange>& changes) {
  for (const RebuildMark& mark : marks) {
    const auto found = made.find({mark.log, mark.partition});
    const MadeCounts counts = found == made.end() ? MadeCounts{} : found->second;
    changes.push_back(
        {sink, mark.log, mark.partition, counts.left_out + counts.refused - mark.left_out});
  }
}

}  // namespace

RebuildAttempt::RebuildAttempt(const Spec& spec, Services& services, RebuildTask task,
                               const RebuildEvents& events, std::stop_token stop)
    : spec_(spec),
      silver_(spec.silver.at(task.table)),
      services_(services),
      task_(std::move(task)),
      events_(events),
      stop_(std::move(stop)),
      committer_(*services.database, {spec.pipeline, task_.name, "sluice-rebuild"},
                 [&events](const std::string& reason) { events.on_wait(reason); }) {}

Result<RebuildReport> RebuildAttempt::Execute() {
  Status done = Open();
  if (done) done = Work();
  const Status closed = Close();
  // The session's end does the same; the next rebuild takes away what is left.
  if (!closed) LogError("a rebuild did not end in order", closed.error());
  if (!done) return Fail(std::move(done).error());
  return std::move(report_);
}

Result<SqlSession*> RebuildAttempt::Session() {
  SLUICE_ASSIGN(SqlSession * session, committer_.Session());
  if (backend_pid_ == 0) backend_pid_ = session->BackendPid();
  if (backend_pid_ == session->BackendPid()) return session;
  return Fail(ErrorKind::kFenced, "the rebuild's session was lost, and its locks with it");
}

Status RebuildAttempt::Open() {
  SLUICE_ASSIGN(SqlSession* const session, Session());
  auto stations = MakeStations(spec_, *services_.store, "rebuild");
  if (!stations) return Fail(AsError(stations.error()));
  at_ = *std::move(stations);
  SLUICE_ASSIGN(spool_, SpoolFolder::Make(spec_.StateFolder() + "/spool/rebuild"));
  if (task_.options.mode == RebuildOptions::Mode::kPlan) return {};
  SLUICE_TRY(AwaitMaintenance(*session));
  if (!Swaps()) return {};
  SLUICE_TRY(HoldRebuild(*session, spec_.pipeline, silver_.table.Full()));
  SLUICE_TRY(at_.lake->Prepare(*session));
  if (at_.warehouse) SLUICE_TRY(at_.warehouse->Prepare(*session));
  if (!silver_.warehouse) return {};
  SLUICE_ASSIGN(target_,
                TargetRebuild::Make(SilverWarehouseTable(spec_, *at_.transform, task_.table)));
  waiting_ = true;
  return target_->Begin(*session);
}

// It would replace, and in the end delete, files that are read or not swapped in yet.
Status RebuildAttempt::AwaitMaintenance(SqlSession& session) {
  for (;;) {
    SLUICE_ASSIGN(const bool held,
                  TryHoldMaintenance(session, spec_.pipeline, MaintenanceLock::kShared));
    events_.on_wait(held ? "" : "waiting for the end of maintenance");
    if (held) return {};
    if (!PauseFor(kAskAgain, stop_)) {
      return Fail(ErrorKind::kShutdown, "stopped; nothing was changed");
    }
  }
}

Status RebuildAttempt::Work() {
  SLUICE_FAILPOINT("rebuild_begin");
  SLUICE_TRY(ReadBasis());
  if (task_.options.mode == RebuildOptions::Mode::kPlan) return {};
  if (Swaps()) SLUICE_TRY(OpenLake());
  SLUICE_TRY(MakeAll());
  SLUICE_TRY(CheckCounts());
  if (!Swaps()) return {};
  SLUICE_TRY(CheckStorm());
  return Swap();
}

Status RebuildAttempt::ReadBasis() {
  const std::string hash = RegistrationOf(spec_).transform_hash;
  SLUICE_ASSIGN(SqlSession* const session, Session());
  SLUICE_TRY(ReadWarehouseSide(*session, spec_, silver_, hash, basis_));
  if (Swaps()) {
    SLUICE_TRY(AwaitLake(*session, spec_, basis_, {.stop = stop_, .on_wait = events_.on_wait}));
  }
  SLUICE_TRY(ReadLakeSide(*session, services_, spec_, silver_, hash, basis_));
  report_.bronze_rows = basis_.BronzeRows();
  report_.bronze_files = static_cast<int64_t>(basis_.bronze_files.size());
  for (const LiveFile& file : basis_.bronze_files) report_.bronze_bytes += file.size_bytes;
  report_.old_files = static_cast<int64_t>(basis_.silver_files.size());
  for (const LiveFile& file : basis_.silver_files) report_.old_rows += file.record_count;
  if (silver_.warehouse) {
    report_.warehouse = silver_.warehouse->schema + "." + silver_.warehouse->table;
  }
  return {};
}

Status RebuildAttempt::OpenLake() {
  if (!basis_.silver) return Fail(ErrorKind::kFatal, "the lake table is gone");
  LakeTable table = SilverLakeTable(spec_, *at_.transform, task_.table);
  SLUICE_ASSIGN(
      const TableMetadata metadata,
      LoadMetadata(*services_.store, basis_.silver->metadata_location, Now() + kStoreCall));
  SLUICE_ASSIGN(prepared_, PrepareTable(table, metadata));
  files_ = std::make_unique<TableStream>(*services_.store, std::move(table),
                                         spool_->path() + "/silver", spec_.lake.file_size_bytes);
  return files_->Use(prepared_);
}

Status RebuildAttempt::MakeAll() {
  SLUICE_ASSIGN(const auto duck, at_.engine->Connect());
  events_.on_progress(0, report_.bronze_rows);
  SLUICE_TRY(ReadBronze(duck.get(), spec_.bronze, basis_.bronze, basis_.bronze_files,
                        *services_.store, spool_->path(),
                        [this](LogId log, const Chunks& bronze) { return Take(log, bronze); }));
  report_.made = SumOf(lake_);
  return files_ ? files_->Flush() : Status();
}

Status RebuildAttempt::Take(LogId log, const Chunks& bronze) {
  if (stop_.stop_requested()) return Fail(ErrorKind::kShutdown, "stopped; nothing was changed");
  SLUICE_ASSIGN(const auto rows, SilverMaker(*at_.transform, task_.table).Make(log, bronze));
  SLUICE_TRY(PutAside(*rows));
  if (files_) {
    SLUICE_TRY(files_->Append(rows->silver[0]));
    if (files_->OpenBytes() >= spec_.lake.file_size_bytes) SLUICE_TRY(files_->Flush());
  }
  Count(*rows);
  SLUICE_FAILPOINT("rebuild_batch");
  done_ += static_cast<int64_t>(RowCount(bronze));
  events_.on_progress(done_, report_.bronze_rows);
  return {};
}

// What only PostgreSQL can refuse is refused for the lake, too.
Status RebuildAttempt::PutAside(RowBatch& rows) {
  if (!silver_.warehouse) return {};
  const auto is_below = [&](RecordId id) {
    const RebuildMark* const mark = FindMark(basis_.warehouse, rows.log, id.partition);
    return mark != nullptr && id.offset >= mark->start && id.offset < mark->next;
  };
  for (;;) {
    const RowBatch below = Restrict(rows, is_below);
    Status put = target_ ? CopyAside(below) : Status();
    if (put) {
      AddCounts(below, warehouse_);
      return {};
    }
    if (put.error().kind != ErrorKind::kBadData) return put;
    SLUICE_ASSIGN(SqlSession* const session, Session());
    SLUICE_ASSIGN(auto rejects, target_->waiting().FindRejects(*session, below));
    if (rejects.empty()) return put;
    Refuse(rows, std::move(rejects));
  }
}

Status RebuildAttempt::CopyAside(const RowBatch& rows) {
  SLUICE_ASSIGN(SqlSession* const session, Session());
  SLUICE_ASSIGN(const auto staged, target_->waiting().Stage(rows));
  return InTransaction(*session, [&] { return staged->Apply(*session, CommitId{}); });
}

void RebuildAttempt::Count(const RowBatch& rows) {
  AddCounts(rows, lake_);
  for (const QuarantineRow& row : rows.quarantine) {
    ++report_.reasons[row.reject.reason];
    if (report_.refused.size() < kRefusedShown) report_.refused.push_back({rows.log, row.reject});
  }
}

Status RebuildAttempt::CheckCounts() const {
  SLUICE_TRY(CheckPlaces(Name(Sink::kLake), lake_, basis_.lake));
  // Without a wait the lake may stand behind.
  if (!Swaps()) return {};
  return CheckPlaces(Name(Sink::kWarehouse), warehouse_, basis_.warehouse);
}

Status RebuildAttempt::CheckStorm() const {
  const MadeCounts& made = report_.made;
  const bool calm = made.refused * 100 <= made.all() * spec_.storm.share_percent;
  if (calm || task_.options.accept_storm) return {};
  std::vector<std::string> reasons;
  for (const auto& [reason, records] : report_.reasons) {
    reasons.push_back(fmt::format("{} {}", WithThousands(records), reason));
  }
  return Fail(
      ErrorKind::kFatal,
      fmt::format("too many records are refused now, nothing was changed: {} of {} ({})",
                  WithThousands(made.refused), WithThousands(made.all()), Join(reasons, ", ")),
      "mend the SQL or the expectations, accept and rebuild; or leave them out with "
      "`sluice rebuild --accept-storm`",
      std::string(kQuarantineStorm));
}

Status RebuildAttempt::Swap() {
  SLUICE_FAILPOINT("rebuild_made");
  const CommitId commit = CommitId::Random();
  std::vector<Participant*> parts;
  std::unique_ptr<Participant> warehouse;
  if (target_) {
    std::vector<RowsBelow> below;
    for (const RebuildMark& mark : basis_.warehouse) {
      below.push_back({mark.log, mark.partition, mark.next});
    }
    warehouse = target_->Swap(std::move(below), SumOf(warehouse_).rows);
    parts.push_back(warehouse.get());
  }
  TableRewrite rewrite{.table = silver_.table,
                       .table_uuid = prepared_.table_uuid,
                       .kind = RewriteKind::kOverwrite,
                       .context = prepared_.context,
                       .added = files_->TakeUploaded()};
  for (const LiveFile& file : basis_.silver_files) rewrite.removed.insert(file.path.value);
  report_.new_files = static_cast<int64_t>(rewrite.added.size());
  for (const DataFile& file : rewrite.added) report_.new_bytes += file.size_bytes;
  const bool has_files = !rewrite.added.empty() || !rewrite.removed.empty();
  RewriteCommit lake(*services_.store, spec_.lake.catalog, std::move(rewrite));
  SLUICE_ASSIGN(SqlSession* const session, Session());
  if (has_files) {
    SLUICE_TRY(lake.Prepare(*session));
    parts.push_back(&lake);
  }
  RebuildTransaction transaction(MakePlan(commit), parts);
  SLUICE_TRY(committer_.Commit(transaction, stop_));
  SLUICE_FAILPOINT("rebuild_swapped");
  report_.commit = commit.value;
  for (const auto& [table, snapshot] : lake.Snapshots()) report_.snapshot = snapshot;
  return {};
}

RebuildTransaction::Plan RebuildAttempt::MakePlan(const CommitId& commit) const {
  RebuildTransaction::Plan plan{.commit = commit,
                                .pipeline = spec_.pipeline,
                                .transform_hash = RegistrationOf(spec_).transform_hash,
                                .worker = task_.name,
                                .table = silver_.table.Full(),
                                .backend_pid = backend_pid_,
                                .interventions = basis_.interventions,
                                .left_out = {},
                                .rows = report_.made.rows,
                                .ranges = "["};
  AddChanges(Sink::kLake, basis_.lake, lake_, plan.left_out);
  AddChanges(Sink::kWarehouse, basis_.warehouse, warehouse_, plan.left_out);
  for (const RebuildMark& mark : basis_.lake) {
    const auto found = lake_.find({mark.log, mark.partition});
    const MadeCounts made = found == lake_.end() ? MadeCounts{} : found->second;
    plan.ranges += fmt::format(
        R"({}{{"log":{},"partition":{},"start":{},"end":{},"rows":{},"left_out":{},"refused":{}}})",
        plan.ranges.size() == 1 ? "" : ",", mark.log.value, mark.partition.value, mark.start.value,
        mark.next.value, made.rows, made.left_out, made.refused);
  }
  plan.ranges += ']';
  return plan;
}

Status RebuildAttempt::Close() {
  if (backend_pid_ == 0) return {};
  SLUICE_ASSIGN(SqlSession* const session, Session());
  if (waiting_) SLUICE_TRY(target_->End(*session));
  return ReleaseRebuild(*session);
}

}  // namespace sluice
