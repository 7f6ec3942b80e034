#include <fmt/format.h>

#include <ctime>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "cli/waiting.h"
#include "core/text.h"
#include "lake/reader.h"
#include "pipeline/lake_query.h"
#include "pipeline/services.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

std::string TimeText(int64_t ms) {
  const time_t seconds = ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     ms % 1000);
}

struct Lake {
  Spec spec;
  Services services;
  std::unique_ptr<SqlSession> session;
};

// Opens the lake and hands it to `body`, whose failure is shown.
int WithLake(const CommonArgs& common, const std::function<Status(Lake&)>& body) {
  int exit_code = 0;
  auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  auto services = OpenServices(*spec, Waiting(10));
  if (!services) return Failed(common, services.error());
  auto session = services->database->Connect("sluice-tables");
  if (!session) return Failed(common, session.error());
  Lake lake{*std::move(spec), *std::move(services), *std::move(session)};
  const Status done = body(lake);
  return done ? 0 : Failed(common, done.error());
}

Result<TableName> ParseName(const std::string& text) {
  const size_t dot = text.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) {
    return Fail(ErrorKind::kUsage, fmt::format("`{}` names no table", text),
                "give it as namespace.name, such as raw.books");
  }
  return TableName{text.substr(0, dot), text.substr(dot + 1)};
}

Result<LakeTableState> LoadTable(Lake& lake, const TableName& name) {
  auto table = LoadLakeTable(*lake.session, lake.spec.lake.catalog, name, *lake.services.store);
  if (table || table.error().code != kNotFound) return table;
  SLUICE_ASSIGN(const auto names, ListLakeTables(*lake.session, lake.spec.lake.catalog));
  std::vector<std::string> known;
  for (const auto& other : names) known.push_back(other.Full());
  const std::string nearest = Nearest(name.Full(), known);
  return Fail(ErrorKind::kUsage, fmt::format("the lake has no table {}", name.Full()),
              nearest.empty() ? "`sluice tables ls` lists them" : "did you mean " + nearest + "?");
}

std::string Total(const LakeTableState& table, const std::string& key) {
  if (!table.current) return "0";
  const auto found = table.current->summary.find(key);
  return found == table.current->summary.end() ? "" : found->second;
}

}  // namespace

int TablesList(const CommonArgs& common) {
  return WithLake(common, [&](Lake& lake) -> Status {
    SLUICE_ASSIGN(const auto names, ListLakeTables(*lake.session, lake.spec.lake.catalog));
    std::vector<std::vector<std::string>> rows;
    json result = json::array();
    for (const auto& name : names) {
      SLUICE_ASSIGN(const auto table, LoadTable(lake, name));
      rows.push_back({name.Full(), Total(table, "total-records"), Total(table, "total-data-files"),
                      std::to_string(table.snapshots.size()), TimeText(table.last_updated_ms),
                      table.location});
      result.push_back({{"table", name.Full()},
                        {"records", Total(table, "total-records")},
                        {"files", Total(table, "total-data-files")},
                        {"snapshots", table.snapshots.size()},
                        {"updated_at", TimeText(table.last_updated_ms)},
                        {"location", table.location},
                        {"metadata", table.metadata_location}});
    }
    if (common.json()) {
      Print(result.dump() + "\n");
    } else {
      Print(rows.empty()
                ? "the lake has no tables yet: start `sluice run`\n"
                : Table({"TABLE", "ROWS", "FILES", "SNAPSHOTS", "UPDATED", "LOCATION"}, rows));
    }
    return {};
  });
}

int TablesShow(const CommonArgs& common, const TableArgs& args) {
  return WithLake(common, [&](Lake& lake) -> Status {
    SLUICE_ASSIGN(const TableName name, ParseName(args.table));
    SLUICE_ASSIGN(const auto table, LoadTable(lake, name));
    std::vector<std::vector<std::string>> rows;
    json columns = json::array();
    for (const auto& column : table.columns) {
      rows.push_back({std::to_string(column.id), EscapeControl(column.name), column.type,
                      column.required ? "required" : "", EscapeControl(column.doc)});
      columns.push_back({{"id", column.id},
                         {"name", column.name},
                         {"type", column.type},
                         {"required", column.required},
                         {"doc", column.doc}});
    }
    if (common.json()) {
      Print(json{{"table", name.Full()},
                 {"location", table.location},
                 {"uuid", table.table_uuid},
                 {"metadata", table.metadata_location},
                 {"partition_by", table.partition_by},
                 {"records", Total(table, "total-records")},
                 {"files", Total(table, "total-data-files")},
                 {"bytes", Total(table, "total-files-size")},
                 {"columns", columns}}
                .dump() +
            "\n");
      return {};
    }
    Print(
        fmt::format("{}\n  location     {}\n  metadata     {}\n  partitioned  {}\n"
                    "  rows {}  files {}  bytes {}  snapshots {}\n\n{}",
                    name.Full(), table.location, table.metadata_location,
                    table.partition_by.empty() ? "no" : "by " + Join(table.partition_by, ", "),
                    Total(table, "total-records"), Total(table, "total-data-files"),
                    Total(table, "total-files-size"), table.snapshots.size(),
                    Table({"ID", "COLUMN", "TYPE", "", "COMMENT"}, rows)));
    return {};
  });
}

int TablesSnapshots(const CommonArgs& common, const TableArgs& args) {
  return WithLake(common, [&](Lake& lake) -> Status {
    SLUICE_ASSIGN(const TableName name, ParseName(args.table));
    SLUICE_ASSIGN(const auto table, LoadTable(lake, name));
    std::vector<std::vector<std::string>> rows;
    json result = json::array();
    for (auto snapshot = table.snapshots.rbegin(); snapshot != table.snapshots.rend(); ++snapshot) {
      auto summary = snapshot->summary;
      rows.push_back({std::to_string(snapshot->snapshot_id), TimeText(snapshot->timestamp_ms),
                      summary["operation"], summary["added-records"], summary["added-data-files"],
                      summary["total-records"]});
      result.push_back({{"snapshot_id", snapshot->snapshot_id},
                        {"at", TimeText(snapshot->timestamp_ms)},
                        {"sequence_number", snapshot->sequence_number},
                        {"manifest_list", snapshot->manifest_list},
                        {"summary", snapshot->summary}});
    }
    Print(common.json()
              ? result.dump() + "\n"
              : Table({"SNAPSHOT", "AT", "OPERATION", "ADDED ROWS", "ADDED FILES", "ROWS"}, rows));
    return {};
  });
}

int TablesSql(const CommonArgs& common, const SqlArgs& args) {
  return WithLake(common, [&](Lake& lake) -> Status {
    SLUICE_ASSIGN(const LakeRows answer,
                  QueryLake(lake.spec, lake.services, *lake.session, args.sql));
    PrintRows(common, answer.columns, answer.rows);
    return {};
  });
}

}  // namespace sluice::cli
