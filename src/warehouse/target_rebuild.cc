#include "warehouse/target_rebuild.h"

#include <fmt/format.h>

#include <array>

#include "core/failpoint.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr int kLockTries = 6;  // each waits for lock_timeout
constexpr std::string_view kLockTimeout = "55P03";
constexpr std::string_view kSchema = "sluice";

bool IsUpsert(const Target& target) {
  return target.spec.mode == WriteMode::kUpsert;
}

Status LockTable(SqlSession& session, const Target& target) {
  SLUICE_TRY(
      session.Query(fmt::format("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", target.Quoted())));
  return {};
}

class TargetSwap : public Participant {
 public:
  TargetSwap(Target target, std::vector<RowsBelow> below, int64_t rows)
      : target_(std::move(target)), below_(std::move(below)), rows_(rows) {}

  Status Apply(SqlSession& session, const CommitId&) override {
    SLUICE_TRY(LockTable(session, target_));
    SLUICE_TRY(session.Query("SET LOCAL statement_timeout = 0"));
    SLUICE_TRY(Delete(session));
    SLUICE_FAILPOINT("swap_deleted");
    SLUICE_TRY(Insert(session));
    SLUICE_FAILPOINT("swap_inserted");
    return {};
  }

 private:
  Status Delete(SqlSession& session) const {
    std::vector<int64_t> logs, partitions, ends;
    for (const RowsBelow& range : below_) {
      logs.push_back(range.log.value);
      partitions.push_back(range.partition.value);
      ends.push_back(range.end.value);
    }
    const std::array<SqlValue, 3> params{ArrayOf(logs), ArrayOf(partitions), ArrayOf(ends)};
    SLUICE_TRY(session.Query(
        fmt::format("DELETE FROM {} AS live USING unnest($1::int[], $2::int[], $3::bigint[]) AS "
                    "old (log, partition, past) WHERE live._log = old.log AND live._partition = "
                    "old.partition AND live._offset < old.past",
                    target_.Quoted()),
        params));
    return {};
  }

  Status Insert(SqlSession& session) const {
    const std::string from = WaitingTable(target_);
    const bool upsert = IsUpsert(target_);
    const auto done =
        session.Query(upsert ? MergeSql(target_, from)
                             : fmt::format("INSERT INTO {0} ({1}) SELECT {1} FROM {2}",
                                           target_.Quoted(), QuotedList(target_.columns), from));
    if (!done && done.error().kind == ErrorKind::kBadData) {
      return Fail(
          ErrorKind::kInvalidConfig,
          fmt::format("{} refuses the new rows: {}", target_.FullName(), done.error().message),
          "mend the constraint or the SQL; nothing was changed", done.error().code);
    }
    if (!done) return Fail(done.error());
    if (upsert || done->affected == rows_) return {};
    return Fail(ErrorKind::kInvariant,
                fmt::format("{} took another number of rows than waited: {} of {}",
                            target_.FullName(), done->affected, rows_),
                "does a trigger swallow rows?");
  }

  Target target_;
  std::vector<RowsBelow> below_;
  int64_t rows_;
};

}  // namespace

Result<std::unique_ptr<TargetRebuild>> TargetRebuild::Make(WarehouseTable table) {
  Target target{0, table.spec, SilverSchema(table.columns).fields};
  table.silver_index = 0;
  table.spec.schema = kSchema;
  table.spec.table = WaitingTable(target).substr(kSchema.size() + 1);
  table.spec.mode = WriteMode::kAppend;
  std::vector<WarehouseTable> tables;
  tables.push_back(std::move(table));
  SLUICE_ASSIGN(auto waiting, MakeWarehouse(std::move(tables)));
  return std::unique_ptr<TargetRebuild>(new TargetRebuild(std::move(target), std::move(waiting)));
}

Status TargetRebuild::Begin(SqlSession& session) {
  SLUICE_TRY(CheckRights(session));
  // Constraints are copied, so that a row the target refuses is found before the swap.
  SLUICE_TRY(Remake(session, fmt::format("CREATE UNLOGGED TABLE {} (LIKE {} INCLUDING DEFAULTS "
                                         "INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING "
                                         "IDENTITY)",
                                         WaitingTable(target_), target_.Quoted())));
  if (!IsUpsert(target_)) return {};
  const std::string lock = fmt::format("SELECT pg_advisory_lock({})", RebuildLock(target_));
  for (int tries = 1;; ++tries) {
    const auto held = session.Query(lock);
    if (held) return {};
    if (held.error().code != kLockTimeout || tries == kLockTries) return Fail(held.error());
  }
}

Status TargetRebuild::CheckRights(SqlSession& session) const {
  const std::array<SqlValue, 1> params{target_.Quoted()};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query("SELECT has_schema_privilege('sluice', 'CREATE'), "
                              "has_table_privilege($1, 'DELETE'), current_user",
                              params));
  std::vector<std::string> grants;
  const std::string role = QuoteIdentifier(rows.rows.at(0).at(2).value_or(""));
  if (rows.rows[0][0] != "t") grants.push_back("GRANT CREATE ON SCHEMA sluice TO " + role);
  if (rows.rows[0][1] != "t") {
    grants.push_back(fmt::format("GRANT DELETE ON {} TO {}", target_.Quoted(), role));
  }
  if (grants.empty()) return {};
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("role {} may not rebuild {}", role, target_.FullName()),
              Join(grants, "; "), "42501");
}

// A commit that saw a rebuild alive a moment ago still writes into the waiting table, and holds the
// target until it ends; so with the target locked nobody needs the old one.
Status TargetRebuild::Remake(SqlSession& session, const std::string& sql) const {
  SLUICE_TRY(session.Query("BEGIN"));
  const auto body = [&]() -> Status {
    SLUICE_TRY(LockTable(session, target_));
    SLUICE_TRY(session.Query("DROP TABLE IF EXISTS " + WaitingTable(target_)));
    if (!sql.empty()) SLUICE_TRY(session.Query(sql));
    SLUICE_TRY(session.Query("COMMIT"));
    return {};
  };
  Status done = body();
  if (!done && session.IsAlive()) SLUICE_TRY(session.Query("ROLLBACK"));
  return done;
}

std::unique_ptr<Participant> TargetRebuild::Swap(std::vector<RowsBelow> below, int64_t rows) const {
  return std::make_unique<TargetSwap>(target_, std::move(below), rows);
}

Status TargetRebuild::End(SqlSession& session) {
  if (IsUpsert(target_)) {
    SLUICE_TRY(session.Query(fmt::format("SELECT pg_advisory_unlock({})", RebuildLock(target_))));
  }
  return Remake(session, "");
}

}  // namespace sluice
