#include "pipeline/replay.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "ledger/committer.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"
#include "pipeline/batch_builder.h"
#include "pipeline/lake_pending.h"
#include "pipeline/stations.h"

namespace sluice {
namespace {

constexpr int64_t kBatchRecords = 10'000;

class Replay {
 public:
  Replay(const Spec& spec, Services& services, const ReplayOptions& options,
         const std::function<void(int64_t, int64_t)>& on_progress, std::stop_token stop)
      : spec_(spec),
        services_(services),
        options_(options),
        on_progress_(on_progress),
        stop_(std::move(stop)),
        name_(fmt::format("replay-{}", getpid())),
        registration_(RegistrationOf(spec)),
        reader_(spec.pipeline, SinksOf(spec), options.filter),
        committer_(*services.database, {spec.pipeline, name_, "sluice-replay"},
                   [](const std::string&) {}) {
    for (const auto& silver : spec.silver) silver_tables_.push_back(silver.table.Full());
  }

  Result<ReplayReport> Execute() {
    SLUICE_ASSIGN(SqlSession * session, committer_.Session());
    SLUICE_ASSIGN(const bool ran, HasLedgerTables(*session));
    if (!ran) return ReplayReport{};
    SLUICE_ASSIGN(report_.outlook, reader_.Count(*session));
    const int64_t total = std::min(report_.outlook.ready, options_.limit);
    if (total == 0) return report_;
    SLUICE_TRY(Open(*session));
    std::optional<RecordKey> after;
    for (int64_t done = 0; done < total;) {
      if (stop_.stop_requested()) {
        return Fail(ErrorKind::kShutdown, fmt::format("stopped after {} of {} records; what was "
                                                      "replayed stays so",
                                                      done, total));
      }
      SLUICE_ASSIGN(session, committer_.Session());
      SLUICE_ASSIGN(const ReplayBatch batch,
                    reader_.Next(*session, after, std::min(kBatchRecords, total - done)));
      if (batch.raw.records.empty()) break;
      const Status status = Take(batch);
      if (!status && status.error().kind == ErrorKind::kFenced) continue;  // another took some
      SLUICE_TRY(status);
      const Record& last = batch.raw.records.back();
      after = RecordKey{batch.raw.log, last.partition, last.offset};
      done += static_cast<int64_t>(batch.raw.records.size());
      on_progress_(done, total);
    }
    return report_;
  }

 private:
  Status Open(SqlSession& session) {
    SLUICE_TRY(CheckTransform(session));
    auto stations = MakeStations(spec_, *services_.store, name_);
    if (!stations) return Fail(AsError(stations.error()));
    at_ = *std::move(stations);
    if (!options_.commit) return {};
    SLUICE_TRY(at_.lake->Prepare(session));
    if (at_.warehouse) SLUICE_TRY(at_.warehouse->Prepare(session));
    return {};
  }

  // The file must be the one that the ledger knows; nothing of it is written here.
  Status CheckTransform(SqlSession& session) {
    SLUICE_TRY(session.Query("BEGIN"));
    Status known = RegisterPipeline(session, registration_, OpenTransaction::kYes);
    if (session.IsAlive()) SLUICE_TRY(session.Query("ROLLBACK"));
    return known;
  }

  Status Take(const ReplayBatch& batch) {
    for (;;) {
      SLUICE_ASSIGN(auto rows, at_.builder->Build(batch.raw));
      const bool to_warehouse = at_.warehouse != nullptr && batch.in_warehouse;
      if (to_warehouse) SLUICE_TRY(KeepOutRefused(batch.raw, *rows));
      if (options_.commit) {
        const Status status = Commit(batch.raw, rows, to_warehouse);
        // A row that PostgreSQL took a moment ago: somebody else's row is in its way now.
        if (!status && status.error().kind == ErrorKind::kBadData) continue;
        SLUICE_TRY(status);
        ++report_.commits;
      }
      Count(*rows);
      return {};
    }
  }

  // What only PostgreSQL can refuse is found before anything is staged: the suspects are all here.
  Status KeepOutRefused(const RawBatch& raw, RowBatch& rows) {
    SLUICE_ASSIGN(SqlSession* const session, committer_.Session());
    SLUICE_ASSIGN(auto rejects, at_.warehouse->FindRejects(*session, rows));
    SLUICE_ASSIGN(auto refused, WithRecords(raw, std::move(rejects)));
    MoveToQuarantine(rows, std::move(refused));
    return {};
  }

  Status Commit(const RawBatch& raw, const std::shared_ptr<const RowBatch>& rows,
                bool to_warehouse) {
    ReplayTransaction::Plan plan{.commit = CommitId::Random(),
                                 .pipeline = spec_.pipeline,
                                 .transform_hash = registration_.transform_hash,
                                 .worker = name_,
                                 .log = rows->log,
                                 .sinks = {Sink::kLake},
                                 .ranges = {},
                                 .resolved = {},
                                 .still_bad = {}};
    if (to_warehouse) plan.sinks.push_back(Sink::kWarehouse);
    Divide(raw, *rows, plan);
    std::vector<Participant*> parts;
    std::unique_ptr<Participant> warehouse, lake;
    if (to_warehouse) {
      SLUICE_ASSIGN(warehouse, at_.warehouse->Stage(*rows));
      parts.push_back(warehouse.get());
    }
    SLUICE_TRY(at_.lake->Append(rows));
    SLUICE_ASSIGN(lake, at_.lake->Seal(plan.commit));
    parts.push_back(lake.get());
    ReplayTransaction transaction(std::move(plan), std::move(parts));
    return committer_.Commit(transaction, stop_);
  }

  // Who leaves the quarantine, and who stays.
  void Divide(const RawBatch& raw, const RowBatch& rows, ReplayTransaction::Plan& plan) const {
    for (const auto& counts : rows.ranges) {
      plan.ranges.push_back(
          {counts, Epoch{}, LeftOutOf(rows, counts.range.partition, silver_tables_)});
    }
    std::set<RecordId> bad;
    for (const auto& row : rows.quarantine) {
      bad.insert(row.reject.id);
      plan.still_bad.push_back(row.reject);
    }
    for (const Record& record : raw.records) {
      if (bad.contains({record.partition, record.offset})) continue;
      plan.resolved.push_back({raw.log, record.partition, record.offset});
    }
  }

  void Count(const RowBatch& rows) {
    for (const auto& counts : rows.ranges) {
      report_.accepted += counts.ok;
      report_.skipped += counts.skipped;
      report_.still_bad += counts.quarantined;
    }
    for (const auto& row : rows.quarantine) ++report_.reasons[row.reject.reason];
  }

  const Spec& spec_;
  Services& services_;
  const ReplayOptions& options_;
  const std::function<void(int64_t, int64_t)>& on_progress_;
  std::stop_token stop_;
  std::string name_;
  Registration registration_;
  ReplayReader reader_;
  Committer committer_;
  std::vector<std::string> silver_tables_;
  StationSet at_;
  ReplayReport report_;
};

}  // namespace

std::vector<Sink> SinksOf(const Spec& spec) {
  if (!spec.HasWarehouseSink()) return {Sink::kLake};
  return {Sink::kWarehouse, Sink::kLake};
}

Result<ReplayReport> ReplayQuarantine(const Spec& spec, Services& services,
                                      const ReplayOptions& options,
                                      const std::function<void(int64_t, int64_t)>& on_progress,
                                      std::stop_token stop) {
  return Replay(spec, services, options, on_progress, std::move(stop)).Execute();
}

}  // namespace sluice
