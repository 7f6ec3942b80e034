#include "pipeline/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/text.h"
#include "ledger/report.h"
#include "ledger/schema.h"
#include "pipeline/scratch.h"
#include "pipeline/verify_lake.h"
#include "stage/duck.h"

namespace sluice {
namespace {

constexpr std::string_view kHeldColumns =
    "_log, _partition, count(*), count(DISTINCT _offset), min(_offset), max(_offset)";

class Verifier {
 public:
  Verifier(const Spec& spec, Services& services, SqlSession& session, duckdb_connection duck,
           std::string scratch_folder, const OnVerifyProgress& on_progress)
      : spec_(spec),
        services_(services),
        session_(session),
        duck_(duck),
        scratch_folder_(std::move(scratch_folder)),
        on_progress_(on_progress) {}

  Result<VerifyReport> Execute() {
    SLUICE_ASSIGN(positions_, ReadPositions(session_, spec_.pipeline));
    SLUICE_TRY(ReadLeftOut());
    total_ = ExpectedRows();
    SLUICE_TRY(CompareQuarantine());
    SLUICE_TRY(CompareLakeTable(spec_.bronze.table, nullptr));
    for (const auto& silver : spec_.silver) SLUICE_TRY(CompareLakeTable(silver.table, &silver));
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

  // Of all tables; what silver's SQL leaves out is counted too, an upsert's rows as if each stayed.
  int64_t ExpectedRows() const {
    const auto warehouse_tables = std::ranges::count_if(
        spec_.silver, [](const auto& one) { return one.warehouse.has_value(); });
    const auto lake_tables = static_cast<int64_t>(spec_.silver.size()) + 1;
    int64_t rows = 0;
    for (const auto& position : positions_) {
      rows += position.ok * (position.sink == Sink::kLake ? lake_tables : warehouse_tables);
    }
    return rows;
  }

  void Tell(std::string place, int64_t rows) const {
    on_progress_({std::move(place), report_.rows + rows, total_});
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

  // Each sink counts its rejects; the quarantine must hold exactly those in the sink's range, but
  // for those that were replayed (they count as accepted) or purged.
  Status CompareQuarantine() {
    for (const auto& position : positions_) {
      const std::array<SqlValue, 5> params{spec_.pipeline, std::to_string(position.log.value),
                                           std::to_string(position.partition.value),
                                           std::to_string(position.start.value),
                                           std::to_string(position.next.value)};
      SLUICE_ASSIGN(const SqlRows rows,
                    session_.Query("SELECT count(*) FROM sluice.quarantine WHERE pipeline = $1 AND "
                                   "log_id = $2::int AND partition = $3::int AND \"offset\" >= "
                                   "$4::bigint AND \"offset\" < $5::bigint AND resolved_at IS NULL",
                                   params));
      VerifyLine line = LineOf(position, fmt::format("quarantine ({})", Name(position.sink)));
      line.expected = position.quarantined - position.purged;
      if (position.purged > 0)
        line.remark = fmt::format("{} purged", WithThousands(position.purged));
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

  // `silver`: null for bronze.
  Status CompareLakeTable(const TableName& name, const SilverSpec* silver) {
    const std::string place = "lake " + name.Full();
    Tell(place, 0);
    LakeReading reading{.table = name, .key = {}, .scratch_folder = scratch_folder_, .on_file = {}};
    reading.on_file = [&](size_t file, size_t files, int64_t rows) {
      Tell(fmt::format("{}: file {} of {}", place, file, files), rows);
    };
    if (silver != nullptr && silver->warehouse && silver->warehouse->mode == WriteMode::kUpsert) {
      reading.key = silver->warehouse->key;
    }
    SLUICE_ASSIGN(LakeContent content, ReadLakeContent(spec_, services_, session_, duck_, reading));
    report_.files += content.files;
    report_.rows += content.rows;
    std::move(content.broken_files.begin(), content.broken_files.end(),
              std::back_inserter(report_.broken_files));
    if (!content.is_read) {
      report_.lines.push_back(
          {.place = place, .remark = "files are broken, rows not read", .agrees = false});
      return {};
    }
    if (!reading.key.empty()) lake_keys_[name] = content.keys;
    CompareHeld(Sink::kLake, place, silver != nullptr ? name.Full() : "", std::move(content.held));
    return {};
  }

  Status CompareWarehouseTable(const SilverSpec& silver) {
    const std::string name = silver.warehouse->schema + "." + silver.warehouse->table;
    Tell("warehouse " + name, 0);
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
    const auto keys = lake_keys_.find(silver.table);
    if (keys == lake_keys_.end()) {
      line.remark = "the lake's rows were not read";
      line.agrees = false;
      report_.lines.push_back(std::move(line));
      return {};
    }
    line.expected = keys->second;
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
  const std::string scratch_folder_;
  const OnVerifyProgress& on_progress_;
  std::map<TableName, int64_t> lake_keys_;  // different keys, of tables whose rows were read
  std::vector<PositionReport> positions_;
  int64_t total_ = 0;  // rows that the ledger expects
  std::map<std::tuple<std::string, int64_t, int64_t, std::string>, int64_t> left_out_;
  VerifyReport report_;
};

}  // namespace

bool VerifyReport::ok() const {
  return broken_files.empty() &&
         std::all_of(lines.begin(), lines.end(), [](const auto& line) { return line.agrees; });
}

Result<VerifyReport> VerifyPipeline(const Spec& spec, Services& services,
                                    const OnVerifyProgress& on_progress) {
  SLUICE_ASSIGN(const auto session, services.database->Connect("sluice-verify"));
  SLUICE_ASSIGN(const bool ran, HasLedgerTables(*session));
  if (!ran) return VerifyReport{};
  SLUICE_ASSIGN(const auto engine, DuckEngine::Make());
  SLUICE_ASSIGN(const auto duck, engine->Connect());
  const ScratchFolder scratch(spec.StateFolder());
  SLUICE_TRY(DuckQuery(duck.get(), "SET temp_directory = " + QuoteLiteral(scratch.path())));
  // Tables may be large: the server's limits for workers do not fit here.
  SLUICE_TRY(
      session->Query("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"));
  SLUICE_TRY(session->Query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  return Verifier(spec, services, *session, duck.get(), scratch.path(), on_progress).Execute();
}

}  // namespace sluice
