#include "pipeline/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/text.h"
#include "lake/reader.h"
#include "lake/scan.h"
#include "ledger/report.h"
#include "ledger/schema.h"
#include "pipeline/scratch.h"
#include "stage/duck.h"

namespace sluice {
namespace {

// What a table holds of one log's partition.
struct Held {
  int64_t rows = 0;
  int64_t distinct = 0;
  int64_t least = 0;
  int64_t greatest = 0;
};
using HeldByPartition = std::map<std::pair<int32_t, int32_t>, Held>;

constexpr std::string_view kHeldColumns =
    "_log, _partition, count(*), count(DISTINCT _offset), min(_offset), max(_offset)";

Result<std::vector<std::vector<std::string>>> DuckRows(duckdb_connection connection,
                                                       const std::string& sql) {
  SLUICE_ASSIGN(DuckResult result, DuckQuery(connection, sql));
  std::vector<std::vector<std::string>> rows(duckdb_row_count(result.out()));
  for (size_t row = 0; row < rows.size(); ++row) {
    for (idx_t column = 0; column < duckdb_column_count(result.out()); ++column) {
      char* const text = duckdb_value_varchar(result.out(), column, row);
      rows[row].emplace_back(text ? text : "");
      duckdb_free(text);
    }
  }
  return rows;
}

class Verifier {
 public:
  Verifier(const Spec& spec, Services& services, SqlSession& session, duckdb_connection duck,
           const std::function<void(const std::string&)>& on_progress)
      : spec_(spec),
        services_(services),
        session_(session),
        duck_(duck),
        on_progress_(on_progress) {}

  Result<VerifyReport> Execute() {
    SLUICE_ASSIGN(positions_, ReadPositions(session_, spec_.pipeline));
    SLUICE_TRY(ReadLeftOut());
    SLUICE_TRY(CompareQuarantine());
    SLUICE_TRY(CompareLakeTable(spec_.bronze.table, false));
    for (const auto& silver : spec_.silver) SLUICE_TRY(CompareLakeTable(silver.table, true));
    for (const auto& silver : spec_.silver) {
      if (silver.warehouse) SLUICE_TRY(CompareWarehouseTable(silver));
    }
    return std::move(report_);
  }

 private:
  Status ReadLeftOut() {
    const std::array<SqlValue, 1> params{spec_.pipeline};
    SLUICE_ASSIGN(const SqlRows rows,
                  session_.Query("SELECT sink, log_id, partition, table_name, n FROM "
                                 "sluice.left_out WHERE pipeline = $1",
                                 params));
    for (const auto& row : rows.rows) {
      left_out_[{*row[0], IntegerOf(row[1]), IntegerOf(row[2]), *row[3]}] = IntegerOf(row[4]);
    }
    return {};
  }

  int64_t LeftOut(const PositionReport& position, const std::string& table) const {
    const auto found = left_out_.find(
        {std::string(Name(position.sink)), position.log.value, position.partition.value, table});
    return found == left_out_.end() ? 0 : found->second;
  }

  VerifyLine LineOf(const PositionReport& position, std::string place) const {
    return {.place = std::move(place),
            .log = position.log.value,
            .partition = position.partition.value,
            .from = position.start.value,
            .to = position.next.value,
            .expected = 0,
            .found = 0,
            .remark = {},
            .agrees = true};
  }

  // Each sink counts its rejects; the quarantine must hold exactly those below the sink's mark.
  Status CompareQuarantine() {
    for (const auto& position : positions_) {
      const std::array<SqlValue, 4> params{spec_.pipeline, std::to_string(position.log.value),
                                           std::to_string(position.partition.value),
                                           std::to_string(position.next.value)};
      SLUICE_ASSIGN(const SqlRows rows,
                    session_.Query("SELECT count(*) FROM sluice.quarantine WHERE pipeline = $1 AND "
                                   "log_id = $2::int AND partition = $3::int AND \"offset\" < "
                                   "$4::bigint",
                                   params));
      VerifyLine line = LineOf(position, fmt::format("quarantine ({})", Name(position.sink)));
      line.expected = position.quarantined;
      line.found = IntegerOf(rows.rows.at(0).at(0));
      line.agrees = line.expected == line.found;
      const int64_t records = position.ok + position.quarantined + position.skipped;
      if (position.next.value - position.start.value < records) {
        line.agrees = false;
        line.remark = "the ledger counts more records than offsets";
      }
      report_.lines.push_back(std::move(line));
    }
    return {};
  }

  // Compares what a table holds with the ledger, partition by partition.
  void CompareHeld(Sink sink, const std::string& place, const std::string& silver,
                   HeldByPartition held) {
    for (const auto& position : positions_) {
      if (position.sink != sink) continue;
      const Held here = held[{position.log.value, position.partition.value}];
      held.erase({position.log.value, position.partition.value});
      VerifyLine line = LineOf(position, place);
      line.expected = position.ok - (silver.empty() ? 0 : LeftOut(position, silver));
      line.found = here.rows;
      const bool inside = here.rows == 0 || (here.least >= position.start.value &&
                                             here.greatest < position.next.value);
      line.agrees = line.expected == line.found && here.rows == here.distinct && inside;
      if (here.rows != here.distinct)
        line.remark = fmt::format("{} doubled", here.rows - here.distinct);
      if (!inside)
        line.remark = fmt::format("offsets {} to {} lie outside", here.least, here.greatest);
      report_.lines.push_back(std::move(line));
    }
    for (const auto& [where, rest] : held) {
      if (rest.rows == 0) continue;
      report_.lines.push_back({.place = place,
                               .log = where.first,
                               .partition = where.second,
                               .from = rest.least,
                               .to = rest.greatest + 1,
                               .expected = 0,
                               .found = rest.rows,
                               .remark = "the ledger knows nothing of these",
                               .agrees = false});
    }
  }

  Status CompareLakeTable(const TableName& name, bool is_silver) {
    on_progress_("lake " + name.Full());
    SLUICE_ASSIGN(const LakeTableState table,
                  LoadLakeTable(session_, spec_.lake.catalog, name, *services_.store));
    std::vector<LiveFile> files;
    if (table.current) {
      SLUICE_ASSIGN(files, ListLiveFiles(*table.current, table, *services_.store));
    }
    report_.files += static_cast<int64_t>(files.size());
    SLUICE_ASSIGN(auto broken, CheckLiveFiles(files, *services_.store));
    if (!broken.empty()) {
      std::move(broken.begin(), broken.end(), std::back_inserter(report_.broken_files));
      report_.lines.push_back({.place = "lake " + name.Full(),
                               .remark = "files are broken, rows not read",
                               .agrees = false});
      return {};
    }
    const ScratchFolder scratch(spec_.StateFolder());
    SLUICE_ASSIGN(const std::string scan,
                  ScanSql(table, files, *services_.store, scratch.path(), true));
    SLUICE_TRY(CompareFiles(files, scan));
    SLUICE_ASSIGN(const HeldByPartition held, HeldInLake(scan));
    CompareHeld(Sink::kLake, "lake " + name.Full(), is_silver ? name.Full() : "", held);
    return {};
  }

  // Every file holds the rows that its manifest claims: readers answer count(*) from the claim.
  Status CompareFiles(const std::vector<LiveFile>& files, const std::string& scan) {
    SLUICE_ASSIGN(const auto rows,
                  DuckRows(duck_, fmt::format("SELECT _file, count(*) FROM {} GROUP BY 1", scan)));
    std::map<std::string, int64_t> counted;
    for (const auto& row : rows) counted[row[0]] = IntegerOf(row[1]);
    for (const auto& file : files) {
      const int64_t found = counted[file.path.value];
      report_.rows += found;
      if (found == file.record_count) continue;
      report_.broken_files.push_back(fmt::format("{} holds {} rows, its manifest says {}",
                                                 file.path.value, found, file.record_count));
    }
    return {};
  }

  Result<HeldByPartition> HeldInLake(const std::string& scan) {
    SLUICE_ASSIGN(const auto rows, DuckRows(duck_, fmt::format("SELECT {} FROM {} GROUP BY 1, 2",
                                                               kHeldColumns, scan)));
    HeldByPartition held;
    for (const auto& row : rows) {
      held[{static_cast<int32_t>(IntegerOf(row[0])), static_cast<int32_t>(IntegerOf(row[1]))}] = {
          IntegerOf(row[2]), IntegerOf(row[3]), IntegerOf(row[4]), IntegerOf(row[5])};
    }
    return held;
  }

  Status CompareWarehouseTable(const SilverSpec& silver) {
    const std::string name = silver.warehouse->schema + "." + silver.warehouse->table;
    on_progress_("warehouse " + name);
    const std::string quoted =
        QuoteIdentifier(silver.warehouse->schema) + "." + QuoteIdentifier(silver.warehouse->table);
    SLUICE_ASSIGN(const SqlRows rows,
                  session_.Query(fmt::format("SELECT {} FROM {} WHERE _log IN (SELECT log_id FROM "
                                             "sluice.log WHERE pipeline = {}) GROUP BY 1, 2",
                                             kHeldColumns, quoted, QuoteLiteral(spec_.pipeline))));
    HeldByPartition held;
    for (const auto& row : rows.rows) {
      held[{static_cast<int32_t>(IntegerOf(row[0])), static_cast<int32_t>(IntegerOf(row[1]))}] = {
          IntegerOf(row[2]), IntegerOf(row[3]), IntegerOf(row[4]), IntegerOf(row[5])};
      report_.rows += IntegerOf(row[2]);
    }
    if (silver.warehouse->mode == WriteMode::kAppend) {
      CompareHeld(Sink::kWarehouse, "warehouse " + name, silver.table.Full(), std::move(held));
      return {};
    }
    return CompareUpsert(silver, name, held);
  }

  bool MarksAreEqual() const {
    std::map<std::pair<int32_t, int32_t>, int64_t> next;
    for (const auto& position : positions_) {
      const auto [mark, is_new] =
          next.try_emplace({position.log.value, position.partition.value}, position.next.value);
      if (!is_new && mark->second != position.next.value) return false;
    }
    return true;
  }

  // An upsert table holds one row a key: as many as the lake's silver has keys.
  Status CompareUpsert(const SilverSpec& silver, const std::string& name,
                       const HeldByPartition& held) {
    VerifyLine line{.place = "warehouse " + name, .remark = "one row a key", .agrees = true};
    for (const auto& [where, here] : held) line.found += here.rows;
    SLUICE_ASSIGN(const LakeTableState table,
                  LoadLakeTable(session_, spec_.lake.catalog, silver.table, *services_.store));
    std::vector<LiveFile> files;
    if (table.current) {
      SLUICE_ASSIGN(files, ListLiveFiles(*table.current, table, *services_.store));
    }
    const ScratchFolder scratch(spec_.StateFolder());
    SLUICE_ASSIGN(const std::string scan, ScanSql(table, files, *services_.store, scratch.path()));
    std::string key;
    for (const auto& column : silver.warehouse->key)
      key += (key.empty() ? "" : ", ") + QuoteIdentifier(column);
    SLUICE_ASSIGN(const auto rows,
                  DuckRows(duck_, fmt::format("SELECT count(*) FROM (SELECT DISTINCT "
                                              "{} FROM {})",
                                              key, scan)));
    line.expected = IntegerOf(rows.at(0).at(0));
    if (MarksAreEqual()) {
      line.agrees = line.expected == line.found;
    } else {
      line.agrees = line.expected <= line.found;
      line.remark = "one row a key; the lake is behind, so at least as many";
    }
    report_.lines.push_back(std::move(line));
    return {};
  }

  const Spec& spec_;
  Services& services_;
  SqlSession& session_;
  duckdb_connection duck_;
  const std::function<void(const std::string&)>& on_progress_;
  std::vector<PositionReport> positions_;
  std::map<std::tuple<std::string, int64_t, int64_t, std::string>, int64_t> left_out_;
  VerifyReport report_;
};

}  // namespace

bool VerifyReport::ok() const {
  return broken_files.empty() &&
         std::all_of(lines.begin(), lines.end(), [](const auto& line) { return line.agrees; });
}

Result<VerifyReport> VerifyPipeline(const Spec& spec, Services& services,
                                    const std::function<void(const std::string&)>& on_progress) {
  SLUICE_ASSIGN(const auto session, services.database->Connect("sluice-verify"));
  SLUICE_ASSIGN(const bool ran, HasLedgerTables(*session));
  if (!ran) return VerifyReport{};
  SLUICE_ASSIGN(const auto engine, DuckEngine::Make());
  SLUICE_ASSIGN(const auto duck, engine->Connect());
  // Tables may be large: the server's limits for workers do not fit here.
  SLUICE_TRY(
      session->Query("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"));
  SLUICE_TRY(session->Query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  return Verifier(spec, services, *session, duck.get(), on_progress).Execute();
}

}  // namespace sluice
