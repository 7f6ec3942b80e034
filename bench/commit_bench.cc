// What exactly once costs a commit: silver rows into PostgreSQL with the fence, the marks and the
// receipt in the same transaction, and by the same code without them. SLUICE_BENCH_DATABASE names
// an empty database.
#include <cstdlib>

#include "bench/silver_books.h"
#include "ledger/claims.h"
#include "ledger/committer.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"
#include "postgres/database.h"
#include "warehouse/warehouse.h"

namespace sluice {
namespace {

constexpr const char* kPipeline = "bench";
constexpr int kPartitions = 4;

template <typename T>
T Need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

void Need(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message);
}

// The rows alone: what a commit would be without exactly once.
class RowsAlone : public Transaction {
 public:
  explicit RowsAlone(Participant& rows) : rows_(rows) {}
  const CommitId& id() const override { return id_; }
  std::string_view kind() const override { return "warehouse"; }
  Status Apply(SqlSession& session) override { return rows_.Apply(session, id_); }
  Status CheckFence(SqlSession&) override { return {}; }
  Status AwaitEnd(SqlSession&) override { return {}; }

 private:
  Participant& rows_;
  CommitId id_ = CommitId::Random();
};

// A pipeline's ledger, its table, and one batch for it, encoded.
class Commits {
 public:
  explicit Commits(size_t rows) : rows_(rows), books_(rows) {
    Check(session_->Query("DROP SCHEMA IF EXISTS sluice CASCADE; DROP TABLE IF EXISTS public.books")
              .has_value(),
          "the database is not ours");
    Need(CreateLedgerTables(*session_));
    Need(RegisterPipeline(*session_, {.pipeline = kPipeline, .transform_hash = "h"}));
    log_ = Need(ResolveLog(*session_, kPipeline, {.topic = "t", .topic_uuid = "u"}, false));
    std::map<PartitionId, Offset> starts;
    for (int partition = 0; partition < kPartitions; ++partition) starts[{partition}] = {0};
    claims_ =
        Need(ClaimPartitions(*session_, {kPipeline, "one", log_, {Sink::kWarehouse}}, starts));

    WarehouseTable table{.spec = {.schema = "public", .table = "books"},
                         .columns = books_.transform().Columns(0)};
    warehouse_ = Need(MakeWarehouse({std::move(table)}));
    Need(warehouse_->Prepare(*session_));
    batch_.log = log_;
    batch_.silver.push_back(books_.Silver());
    batch_.arena = books_.raw().arena;
    participant_ = Need(warehouse_->Stage(batch_));
  }

  void WithMarks() {
    Staged staged{.commit = CommitId::Random(), .sink = Sink::kWarehouse, .log = log_};
    for (Claim& claim : claims_) {
      Position& at = claim.positions.at(Sink::kWarehouse);
      const auto count = static_cast<int64_t>(rows_ / kPartitions);
      const OffsetRange range{claim.partition, at.next, {at.next.value + count}};
      staged.ranges.push_back({{range, count, count, 0, 0}, at.epoch});
      at.next = range.end;
    }
    Need(committer_.Commit(staged, *participant_, {}));
  }
  void WithoutMarks() {
    RowsAlone rows(*participant_);
    Need(committer_.Commit(rows, {}));
  }

 private:
  static std::string Address() {
    const char* address = std::getenv("SLUICE_BENCH_DATABASE");
    Check(address != nullptr, "SLUICE_BENCH_DATABASE names no database");
    return address;
  }

  size_t rows_;
  SilverBooks books_;
  std::unique_ptr<SqlDatabase> database_ = Need(MakeDatabase(Address()));
  std::unique_ptr<SqlSession> session_ = Need(database_->Connect("bench"));
  LogId log_;
  std::vector<Claim> claims_;
  std::unique_ptr<WarehouseSink> warehouse_;
  RowBatch batch_;
  std::unique_ptr<Participant> participant_;
  Committer committer_{*database_, {kPipeline, "one"}, [](const std::string&) {}};
};

void BM_Commit(benchmark::State& state) {
  Commits commits(static_cast<size_t>(state.range(0)));
  for (auto _ : state) commits.WithMarks();
}
void BM_RowsAlone(benchmark::State& state) {
  Commits commits(static_cast<size_t>(state.range(0)));
  for (auto _ : state) commits.WithoutMarks();
}
BENCHMARK(BM_Commit)->Arg(12)->Arg(1'000)->Arg(50'000)->UseRealTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(BM_RowsAlone)
    ->Arg(12)
    ->Arg(1'000)
    ->Arg(50'000)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice
