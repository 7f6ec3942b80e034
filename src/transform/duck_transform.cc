#include "transform/duck_transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <utility>

#include "core/text.h"
#include "stage/time_judge.h"
#include "transform/bronze_feed.h"
#include "transform/compile.h"
#include "transform/fast_trim.h"
#include "transform/silver_query.h"
#include "transform/time_range.h"

namespace sluice {
namespace {

RecordId IdOf(const LineageView& lineage, size_t row) {
  return {PartitionId{lineage.partition[row]}, Offset{lineage.offset[row]}};
}

// Walks the ids of all rows of the chunks in order.
class IdCursor {
 public:
  explicit IdCursor(std::span<const Chunk> chunks) : chunks_(chunks) { SkipEmpty(); }
  bool AtEnd() const { return chunks_.empty(); }
  RecordId id() const { return IdOf(lineage_, row_); }
  void Next() {
    if (++row_ < chunks_.front().rows()) return;
    chunks_ = chunks_.subspan(1);
    SkipEmpty();
  }

 private:
  void SkipEmpty() {
    row_ = 0;
    while (!chunks_.empty() && chunks_.front().rows() == 0) chunks_ = chunks_.subspan(1);
    if (!chunks_.empty()) lineage_ = LineageOf(chunks_.front());
  }

  std::span<const Chunk> chunks_;
  LineageView lineage_{};
  size_t row_ = 0;
};

// Returns the bronze records without a silver row. The silver ones keep bronze's order.
Result<std::vector<RecordId>> Missing(std::span<const Chunk> bronze, const Chunks& silver) {
  std::vector<RecordId> missing;
  IdCursor made(silver);
  for (IdCursor all(bronze); !all.AtEnd(); all.Next()) {
    if (!made.AtEnd() && made.id() == all.id()) {
      made.Next();
    } else {
      missing.push_back(all.id());
    }
  }
  if (!made.AtEnd()) return Fail(ErrorKind::kInvariant, "silver rows are not in bronze's order");
  return missing;
}

size_t Rows(std::span<const Chunk> chunks) {
  size_t rows = 0;
  for (const auto& chunk : chunks) rows += chunk.rows();
  return rows;
}

// Returns the id of the `row`th row of the batch.
RecordId IdOfRow(std::span<const Chunk> chunks, size_t row) {
  size_t chunk = 0;
  while (row >= chunks[chunk].rows()) row -= chunks[chunk++].rows();
  return IdOf(LineageOf(chunks[chunk]), row);
}

// What a compiled table's query gives.
Schema LayoutOf(const std::vector<Field>& columns, size_t checks) {
  Schema layout = SilverSchema(columns);
  const Field verdict{"", {.kind = TypeKind::kBool}};
  layout.fields.insert(layout.fields.end(), checks, verdict);
  return layout;
}

class DuckTransform : public Transform {
 public:
  static Result<std::unique_ptr<DuckTransform>> Make(DuckEngine& engine, const BronzeSpec& bronze,
                                                     const std::vector<SilverSpec>& silver,
                                                     std::vector<CompiledTable> compiled);
  ~DuckTransform() override;

  Result<Transformed> Run(std::span<const Chunk> bronze, Arena& arena) override;
  const std::vector<Field>& Columns(size_t table) const override { return tables_[table].columns; }

 private:
  struct Table {
    std::string name;
    std::vector<Field> columns;
    std::vector<Expectation> expect;
    TimeRange range;
    TimeJudge judge;
    SilverQuery query;
  };

  DuckTransform(DuckConnectionHandle connection, std::string catalog,
                std::unique_ptr<BronzeFeed> feed, size_t bronze_columns)
      : connection_(std::move(connection)),
        catalog_(std::move(catalog)),
        feed_(std::move(feed)),
        bronze_columns_(bronze_columns) {}

  Status RunTable(size_t index, std::span<const Chunk> bronze, Arena& arena, Transformed& out);
  Result<Chunk> Judge(size_t index, Chunk made, std::vector<int64_t>& failed, Transformed& out);

  DuckConnectionHandle connection_;
  std::string catalog_;
  std::unique_ptr<BronzeFeed> feed_;
  size_t bronze_columns_;
  std::vector<Table> tables_;
};

Result<std::unique_ptr<DuckTransform>> DuckTransform::Make(DuckEngine& engine,
                                                           const BronzeSpec& bronze,
                                                           const std::vector<SilverSpec>& silver,
                                                           std::vector<CompiledTable> compiled) {
  // A catalog of its own, so that the bronze table can have its declared name on an engine where
  // others may use the same.
  static std::atomic<int> count{0};
  std::string catalog = fmt::format("sluice_transform_{}", ++count);
  SLUICE_ASSIGN(auto connection, engine.Connect());
  SLUICE_TRY(RegisterFastTrim(connection.get()));
  const Schema schema = BronzeSchema(bronze.columns);
  SLUICE_ASSIGN(auto feed, BronzeFeed::Make(connection.get(), catalog, schema));
  std::unique_ptr<DuckTransform> made(
      new DuckTransform(std::move(connection), catalog, std::move(feed), schema.fields.size()));
  const std::string ns = QuoteIdentifier(bronze.table.ns);
  for (const auto& sql :
       {fmt::format("ATTACH ':memory:' AS {}", catalog), fmt::format("USE {}", catalog),
        fmt::format("CREATE SCHEMA IF NOT EXISTS {}", ns),
        fmt::format("CREATE VIEW {}.{} AS SELECT * FROM {}()", ns,
                    QuoteIdentifier(bronze.table.name), catalog)}) {
    SLUICE_TRY(DuckQuery(made->connection_.get(), sql));
  }
  for (size_t i = 0; i < silver.size(); ++i) {
    SLUICE_ASSIGN(auto query,
                  SilverQuery::Make(made->connection_.get(), *made->feed_,
                                    fmt::format("{}_rows_{}", catalog, i), compiled[i],
                                    LayoutOf(compiled[i].columns, silver[i].expect.size())));
    TimeJudge judge(silver[i].table.Full(), silver[i].time_window,
                    WindowedColumns(silver[i].partition_by), compiled[i].columns);
    TimeRange range(compiled[i].columns);
    made->tables_.push_back({silver[i].table.Full(), std::move(compiled[i].columns),
                             silver[i].expect, std::move(range), std::move(judge),
                             std::move(query)});
  }
  return made;
}

DuckTransform::~DuckTransform() {
  tables_.clear();
  // Best effort: the engine ends soon after in any case.
  (void)DuckQuery(connection_.get(), "USE memory");
  (void)DuckQuery(connection_.get(), "DETACH " + catalog_);
}

Result<Transformed> DuckTransform::Run(std::span<const Chunk> bronze, Arena& arena) {
  Transformed out;
  out.silver.resize(tables_.size());
  out.left_out.resize(tables_.size());
  for (const auto& chunk : bronze) {
    if (chunk.columns() == bronze_columns_) continue;
    return Fail(ErrorKind::kInvariant, fmt::format("a bronze chunk has {} columns, not {}",
                                                   chunk.columns(), bronze_columns_));
  }
  if (Rows(bronze) == 0) return out;
  feed_->Offer(bronze);
  for (size_t i = 0; i < tables_.size(); ++i) {
    auto done = RunTable(i, bronze, arena, out);
    if (!done) {
      feed_->Offer({});
      return Fail(std::move(done).error());
    }
  }
  feed_->Offer({});
  // The first reason found is the one told.
  std::ranges::stable_sort(out.rejects, {}, &Reject::id);
  const auto same = std::ranges::unique(out.rejects, {}, &Reject::id);
  out.rejects.erase(same.begin(), same.end());
  for (auto& ids : out.left_out) {
    std::erase_if(ids, [&](RecordId id) {
      return std::ranges::binary_search(out.rejects, id, {}, &Reject::id);
    });
  }
  return out;
}

Status DuckTransform::RunTable(size_t index, std::span<const Chunk> bronze, Arena& arena,
                               Transformed& out) {
  Table& table = tables_[index];
  std::vector<BadRow> bad;
  SLUICE_ASSIGN(QueryOutcome made, table.query.RunWithout(Rows(bronze), arena, bad));
  for (BadRow& row : bad) {
    out.rejects.push_back(
        {IdOfRow(bronze, row.row), "sql_failed", table.name, std::move(row.message)});
  }
  std::vector<int64_t> failed(table.expect.size());
  Chunks& silver = out.silver[index];
  for (Chunk& chunk : made.chunks) {
    if (table.expect.empty()) {
      silver.push_back(std::move(chunk));
      continue;
    }
    SLUICE_ASSIGN(Chunk kept, Judge(index, std::move(chunk), failed, out));
    if (kept.rows() > 0) silver.push_back(std::move(kept));
  }
  for (const Chunk& chunk : silver) {
    table.range.Judge(chunk, out.rejects);
    table.judge.Judge(chunk, 0, chunk.rows(), out.rejects);
  }
  for (size_t i = 0; i < failed.size(); ++i) {
    if (failed[i] > 0) out.expectations.push_back({index, table.expect[i].name, failed[i]});
  }
  if (Rows(silver) == Rows(bronze)) return {};
  SLUICE_ASSIGN(out.left_out[index], Missing(bronze, silver));
  std::ranges::sort(out.left_out[index]);
  return {};
}

Result<Chunk> DuckTransform::Judge(size_t index, Chunk made, std::vector<int64_t>& failed,
                                   Transformed& out) {
  const Table& table = tables_[index];
  const size_t width = table.columns.size() + kLineageColumns;
  Chunk rows = made.Columns(0, width);
  const LineageView lineage = LineageOf(rows);
  std::vector<bool> gone(rows.rows());
  for (size_t i = 0; i < table.expect.size(); ++i) {
    const Expectation& check = table.expect[i];
    const duckdb_vector verdicts = made.column(width + i);
    const auto* passed = static_cast<const bool*>(duckdb_vector_get_data(verdicts));
    const uint64_t* validity = duckdb_vector_get_validity(verdicts);
    for (size_t row = 0; row < rows.rows(); ++row) {
      if (IsValid(validity, row) && passed[row]) continue;
      ++failed[i];
      const RecordId id = IdOf(lineage, row);
      if (check.otherwise == Otherwise::kFail) {
        return Fail(ErrorKind::kFatal,
                    fmt::format("expectation `{}` of {} failed: log {}, partition {}, offset {}",
                                check.name, table.name, lineage.log[row], id.partition.value,
                                id.offset.value),
                    "mend the data or the check, or choose `else: quarantine`",
                    "expectation_failed");
      }
      if (check.otherwise == Otherwise::kWarn) continue;
      gone[row] = true;
      if (check.otherwise == Otherwise::kQuarantine) {
        out.rejects.push_back({id, "expectation:" + check.name, check.name, Detail(check.check)});
      }
    }
  }
  std::vector<uint32_t> keep;
  for (uint32_t row = 0; row < gone.size(); ++row) {
    if (!gone[row]) keep.push_back(row);
  }
  return keep.size() == rows.rows() ? std::move(rows) : rows.Select(keep);
}

}  // namespace

std::expected<std::unique_ptr<Transform>, std::vector<SqlProblem>> MakeDuckTransform(
    DuckEngine& engine, const BronzeSpec& bronze, const std::vector<SilverSpec>& silver) {
  auto compiled = CompileSilver(bronze, silver);
  if (!compiled) return std::unexpected(std::move(compiled).error());
  auto made = DuckTransform::Make(engine, bronze, silver, std::move(*compiled));
  if (!made) {
    return std::unexpected(std::vector{
        SqlProblem{"E0302", 0, std::nullopt, 0, made.error().message, made.error().hint}});
  }
  return std::move(*made);
}

}  // namespace sluice
