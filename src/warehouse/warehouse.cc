#include "warehouse/warehouse.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "warehouse/copy_data.h"
#include "warehouse/copy_encoder.h"
#include "warehouse/key_order.h"
#include "warehouse/put_rows.h"
#include "warehouse/row_refusals.h"
#include "warehouse/table_plan.h"
#include "warehouse/target.h"
#include "warehouse/target_names.h"

namespace sluice {
namespace {

constexpr std::string_view kStatementTimeout = "57014";

// Encoded rows of one table, and what to do with them.
struct StagedRows {
  std::shared_ptr<const RowStatements> statements;
  std::unique_ptr<CopyData> data;
  EncodedRows rows;
};

class StagedBatch : public Participant {
 public:
  StagedBatch(std::vector<StagedRows> tables, std::shared_ptr<CopyDataPool> pool)
      : tables_(std::move(tables)), pool_(std::move(pool)) {}
  ~StagedBatch() override {
    for (auto& table : tables_) pool_->GiveBack(std::move(table.data));
  }

  Status Apply(SqlSession& session, const CommitId&) override {
    for (const auto& table : tables_) {
      SLUICE_TRY(PutRows(session, *table.statements, table.rows));
    }
    return {};
  }

 private:
  std::vector<StagedRows> tables_;
  std::shared_ptr<CopyDataPool> pool_;
};

// One target with what each batch needs of it.
struct Writer {
  Target target;
  std::shared_ptr<const RowStatements> statements;
  CopyEncoder encoder;
};

class Warehouse : public WarehouseSink {
 public:
  explicit Warehouse(std::vector<Writer> writers) : writers_(std::move(writers)) {}

  Result<std::vector<TableChange>> Plan(SqlSession& session) override;
  Status Prepare(SqlSession& session) override;
  Result<std::unique_ptr<Participant>> Stage(const RowBatch& batch) override;
  Result<std::vector<Reject>> FindRejects(SqlSession& session, const RowBatch& batch) override;

 private:
  Status Migrate(SqlSession& session);
  Result<std::vector<Reject>> SearchAll(SqlSession& session, const RowBatch& batch);

  std::vector<Writer> writers_;
  std::shared_ptr<CopyDataPool> pool_ = std::make_shared<CopyDataPool>();
};

// Ends a transaction that goes nowhere; on a lost session the server does it.
Status RollBack(SqlSession& session) {
  if (session.IsAlive()) SLUICE_TRY(session.Query("ROLLBACK"));
  return {};
}

// What the rows that are there do not allow, what takes too long, and what this role may not do, is
// the operator's to do.
std::unexpected<Error> Explained(const TableChange& change, Error error) {
  if (error.kind == ErrorKind::kInvalidConfig) {
    return Fail(
        ErrorKind::kInvalidConfig,
        fmt::format("this role may not `{}` {}: {}", change.action, change.table, error.message),
        "`sluice plan --sql` prints the statements for who may", error.code);
  }
  if (error.kind != ErrorKind::kBadData && error.code != kStatementTimeout) {
    return Fail(std::move(error));
  }
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("warehouse tables cannot be used as they are:\n{}: `{}` failed: {}",
                          change.table, change.action, error.message),
              fmt::format("mend the rows and run it yourself: {}", change.sql), "E0401");
}

Result<std::vector<TableChange>> Warehouse::Plan(SqlSession& session) {
  SLUICE_ASSIGN(const int version, ReadServerVersion(session));
  std::vector<TableChange> changes;
  std::vector<std::string> differences;
  for (const auto& writer : writers_) {
    SLUICE_ASSIGN(const LiveTable live, ReadLiveTable(session, writer.target));
    TablePlan plan = PlanTable(writer.target, live, version);
    std::ranges::move(plan.changes, std::back_inserter(changes));
    std::ranges::move(plan.differences, std::back_inserter(differences));
  }
  if (differences.empty()) return changes;
  return Fail(ErrorKind::kInvalidConfig,
              "warehouse tables cannot be used as they are:\n" + Join(differences, "\n"),
              "sluice explain E0401", "E0401");
}

Status Warehouse::Prepare(SqlSession& session) {
  SLUICE_TRY(session.Query("BEGIN"));
  Status done = Migrate(session);
  if (done) {
    SLUICE_TRY(session.Query("COMMIT"));
    return {};
  }
  SLUICE_TRY(RollBack(session));
  return done;
}

Status Warehouse::Migrate(SqlSession& session) {
  // Workers that start together take turns: IF NOT EXISTS alone does not keep two from colliding.
  SLUICE_TRY(session.Query("SELECT pg_advisory_xact_lock(hashtext('sluice warehouse tables'))"));
  SLUICE_ASSIGN(const auto changes, Plan(session));
  for (const auto& change : changes) {
    if (change.sql.empty()) continue;
    if (change.action == kGrant) {
      return Fail(ErrorKind::kInvalidConfig,
                  fmt::format("{} cannot be written: {}", change.table, change.detail),
                  change.sql + "; `sluice plan --sql` prints all rights that sluice needs",
                  "42501");
    }
    auto done = session.Query(change.sql);
    if (!done) return Explained(change, std::move(done).error());
  }
  return {};
}

Result<std::unique_ptr<Participant>> Warehouse::Stage(const RowBatch& batch) {
  std::vector<StagedRows> tables;
  for (auto& writer : writers_) {
    const Chunks& chunks = batch.silver.at(writer.target.silver_index);
    if (RowCount(chunks) == 0) continue;
    auto data = pool_->Take();
    const bool upsert = writer.target.spec.mode == WriteMode::kUpsert;
    std::vector<std::string_view> rows;
    for (const auto& chunk : chunks) {
      if (chunk.columns() != writer.target.columns.size()) {
        return Fail(ErrorKind::kInvariant,
                    fmt::format("silver rows have {} columns, {} has {}", chunk.columns(),
                                writer.target.FullName(), writer.target.columns.size()));
      }
      writer.encoder.Encode(chunk, *data, upsert ? &rows : nullptr);
    }
    EncodedRows encoded =
        upsert ? OrderByKey(writer.target, rows) : EncodedRows{data->Buffers(), data->rows()};
    tables.push_back({writer.statements, std::move(data), std::move(encoded)});
  }
  return std::make_unique<StagedBatch>(std::move(tables), pool_);
}

Result<std::vector<Reject>> Warehouse::FindRejects(SqlSession& session, const RowBatch& batch) {
  // Constraints that wait for COMMIT would find nothing in a transaction without one.
  SLUICE_TRY(session.Query("BEGIN; SET CONSTRAINTS ALL IMMEDIATE"));
  auto rejects = SearchAll(session, batch);
  SLUICE_TRY(RollBack(session));
  return rejects;
}

Result<std::vector<Reject>> Warehouse::SearchAll(SqlSession& session, const RowBatch& batch) {
  std::vector<Reject> rejects;
  for (const auto& writer : writers_) {
    const Chunks& chunks = batch.silver.at(writer.target.silver_index);
    SLUICE_ASSIGN(auto found, FindRefusedRows(session, writer.target, chunks));
    std::ranges::move(found, std::back_inserter(rejects));
  }
  // A record that two tables refuse is one reject.
  std::ranges::stable_sort(rejects, {}, &Reject::id);
  const auto same = std::ranges::unique(rejects, {}, &Reject::id);
  rejects.erase(same.begin(), same.end());
  return rejects;
}

}  // namespace

Result<std::unique_ptr<WarehouseSink>> MakeWarehouse(std::vector<WarehouseTable> tables) {
  std::vector<Writer> writers;
  for (auto& table : tables) {
    Target target{table.silver_index, std::move(table.spec), SilverSchema(table.columns).fields};
    auto statements = std::make_shared<const RowStatements>(RowStatementsFor(target));
    CopyEncoder encoder(target.columns);
    writers.push_back({std::move(target), std::move(statements), std::move(encoder)});
  }
  std::vector<const Target*> targets;
  for (const auto& writer : writers) targets.push_back(&writer.target);
  SLUICE_TRY(CheckNames(targets));
  return std::make_unique<Warehouse>(std::move(writers));
}

}  // namespace sluice
