// Drives a LakeSink from a script: one JSON request a line on stdin, one JSON answer a line on
// stdout. What the requests are called is what they do; see Answer.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "lake/catalog.h"
#include "lake/compactor.h"
#include "lake/folder_store.h"
#include "lake/lake.h"
#include "lake/orphans.h"
#include "lake/reader.h"
#include "lake/snapshot_expiry.h"
#include "postgres/database.h"
#include "stage/chunk.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

class LakeTool {
 public:
  Result<Json> Answer(const Json& request) {
    const std::string op = request.at("op");
    if (op == "open") return Open(request);
    if (op == "plan") return Plan();
    if (op == "prepare") return Done(lake_->Prepare(*session_));
    if (op == "append") return Append(request);
    if (op == "seal") return Seal(request);
    if (op == "commit") return Commit("COMMIT");
    if (op == "roll_back") return Commit("ROLLBACK");
    if (op == "discard") return Discard();
    if (op == "live") return Live(request);
    if (op == "compact") return Compact(request);
    if (op == "expire") return Expire(request);
    if (op == "sweep") return Sweep(request);
    return Fail(ErrorKind::kUsage, "unknown request " + op);
  }

 private:
  static Result<Json> Done(const Status& status) {
    if (!status) return Fail(status.error());
    return Json::object();
  }

  Result<Json> Open(const Json& request) {
    lake_.reset();
    SLUICE_ASSIGN(engine_, DuckEngine::Make());
    SLUICE_ASSIGN(const auto database, MakeDatabase(request.at("conninfo")));
    SLUICE_ASSIGN(session_, database->Connect("sluice:test:lake"));
    spec_.root = request.at("root");
    spec_.file_size_bytes = request.value("file_size", int64_t{128} << 20);
    SLUICE_ASSIGN(store_, FolderStore::Make(spec_.root));
    spool_ = request.at("spool");
    std::vector<LakeTable> tables;
    for (const Json& table : request.at("tables")) {
      SLUICE_ASSIGN(LakeTable read, ReadTable(table));
      tables.push_back(std::move(read));
    }
    LakeTable bronze = std::move(tables.at(0));
    tables.erase(tables.begin());
    SLUICE_ASSIGN(lake_, MakeIcebergLake(spec_, std::move(bronze), std::move(tables), *store_,
                                         request.at("spool")));
    return Json::object();
  }

  Result<LakeTable> ReadTable(const Json& json) {
    LakeTable table{.name = {json.at("namespace"), json.at("name")},
                    .location = {},
                    .columns = {},
                    .partition_by = {}};
    table.location =
        json.value("location", fmt::format("{}/{}/{}", spec_.root, table.name.ns, table.name.name));
    for (const Json& column : json.at("columns")) {
      SLUICE_ASSIGN(Type type, ParseType(column.at(1).get<std::string>()));
      table.columns.push_back({column.at(0), std::move(type), column.size() > 2, {}});
    }
    for (const Json& field : json.value("partition_by", Json::array())) {
      table.partition_by.push_back({field.at(0), field.at(1)});
    }
    return table;
  }

  Result<Json> Plan() {
    SLUICE_ASSIGN(const auto changes, lake_->Plan(*session_));
    Json answer = Json::array();
    for (const TableChange& change : changes) {
      answer.push_back({change.table, change.action, change.detail});
    }
    return Json{{"changes", answer}};
  }

  Result<Chunks> Rows(const std::string& sql) {
    Chunks chunks;
    if (sql.empty()) return chunks;
    SLUICE_ASSIGN(const DuckConnectionHandle connection, engine_->Connect());
    SLUICE_ASSIGN(DuckResult result, DuckQuery(connection.get(), sql));
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result.get())) {
      chunks.emplace_back(chunk);
    }
    return chunks;
  }

  // `rows`: one SELECT for each table, in the layout of its columns; "" for none.
  Result<Json> Append(const Json& request) {
    auto batch = std::make_shared<RowBatch>();
    batch->log = LogId{1};
    const int64_t start = request.value("start", int64_t{0});
    batch->ranges.push_back(
        {{PartitionId{0}, Offset{start}, Offset{request.value("end", start + 1)}}, 0, 0, 0, 0});
    const auto& rows = request.at("rows");
    SLUICE_ASSIGN(batch->bronze, Rows(rows.at(0)));
    for (size_t i = 1; i < rows.size(); ++i) {
      SLUICE_ASSIGN(Chunks silver, Rows(rows.at(i)));
      batch->silver.push_back(std::move(silver));
    }
    SLUICE_ASSIGN(Json answer, Done(lake_->Append(std::move(batch))));
    return Json{{"open_bytes", lake_->OpenFileBytes()}};
  }

  Result<Json> Seal(const Json& request) {
    commit_ = {request.value("commit_id", Uuid::Random().value)};
    SLUICE_ASSIGN(participant_, lake_->Seal(commit_));
    return Json::object();
  }

  // Applies what was sealed and ends the transaction; what was sealed stays, to be applied again.
  Result<Json> Commit(const char* end) {
    SLUICE_TRY(session_->Query("BEGIN"));
    const Status status = participant_->Apply(*session_, commit_);
    if (!status) {
      SLUICE_TRY(session_->Query("ROLLBACK"));
      return Fail(status.error());
    }
    SLUICE_TRY(session_->Query(end));
    return Json{{"snapshots", participant_->Snapshots()}};
  }

  Result<Json> Discard() {
    lake_->Discard();
    return Json::object();
  }

  Result<Json> Live(const Json& request) {
    const TableName name{request.at("namespace"), request.at("name")};
    SLUICE_ASSIGN(const auto names, ListLakeTables(*session_, spec_.catalog));
    SLUICE_ASSIGN(const auto table, LoadLakeTable(*session_, spec_.catalog, name, *store_));
    Json answer{{"tables", names.size()},
                {"snapshots", table.snapshots.size()},
                {"partition_by", table.partition_by},
                {"columns", Json::array()},
                {"files", Json::array()},
                {"problems", Json::array()}};
    for (const auto& column : table.columns) {
      answer["columns"].push_back({column.id, column.name, column.type, column.required});
    }
    if (!table.current) return answer;
    SLUICE_ASSIGN(const auto files, ListLiveFiles(*table.current, table, *store_));
    for (const auto& file : files) {
      Json partition = Json::object();
      for (const auto& [key, value] : file.partition) {
        partition[key] = value ? Json(*value) : Json();
      }
      answer["files"].push_back({{"path", file.path.value},
                                 {"records", file.record_count},
                                 {"bytes", file.size_bytes},
                                 {"sequence", file.sequence_number},
                                 {"partition", partition}});
    }
    SLUICE_ASSIGN(answer["problems"], CheckLiveFiles(files, *store_));
    return answer;
  }

  static TableName NameOf(const Json& request) {
    return {request.at("namespace"), request.at("name")};
  }

  // Plans and prepares the first job; `commit` or `roll_back` follows.
  Result<Json> Compact(const Json& request) {
    const TableName name = NameOf(request);
    SLUICE_ASSIGN(const auto pointer, FindPointer(*session_, spec_.catalog, name));
    TableLoader loader(*store_);
    const SteadyTime soon = Now() + std::chrono::minutes(1);
    SLUICE_ASSIGN(const auto table, loader.Load(*pointer, soon));
    SLUICE_TRY(CheckNoDeletes(*table, name.Full()));
    const CompactionLimits limits{.target_file_bytes = request.value("target", int64_t{128} << 20)};
    SLUICE_ASSIGN(const auto jobs, PlanCompaction(*store_, *table, limits, soon));
    if (jobs.empty()) return Json{{"files", 0}};
    Compactor compactor(*engine_, *store_,
                        {.spool_folder = spool_ + "-compact", .target_file_bytes = 128 << 20});
    SLUICE_ASSIGN(TableRewrite rewrite, compactor.Run(name, table->metadata, jobs[0]));
    rewrite.merge_below_bytes = 4 << 20;
    auto commit = std::make_unique<RewriteCommit>(*store_, spec_.catalog, std::move(rewrite));
    SLUICE_TRY(commit->Prepare(*session_));
    participant_ = std::move(commit);
    commit_ = {Uuid::Random().value};
    return Json{{"files", jobs[0].files()}};
  }

  Result<Json> Expire(const Json& request) {
    ExpiryCommit expiry(*store_, spec_.catalog, NameOf(request),
                        {.keep = request.at("keep"), .age_ms = request.at("age_ms")});
    SLUICE_TRY(session_->Query("BEGIN"));
    SLUICE_TRY(expiry.Apply(*session_, {"expiry"}));
    SLUICE_TRY(session_->Query("COMMIT"));
    SLUICE_ASSIGN(const auto paths, expiry.Unreferenced());
    SLUICE_TRY(DeleteAll(paths));
    return Json{{"dropped", expiry.dropped().size()}, {"deleted", paths}};
  }

  Result<Json> Sweep(const Json& request) {
    const bool dry_run = request.value("dry_run", false);
    const OrphanOptions options{.older_than_ms = request.at("older_than_ms"),
                                .superseded_ms = request.value("superseded_ms", int64_t{300'000}),
                                .superseded_only = request.value("superseded_only", false),
                                .probe = !dry_run};
    SLUICE_ASSIGN(const Orphans orphans,
                  FindOrphans(*session_, spec_.catalog, NameOf(request), *store_, options));
    std::vector<std::string> paths;
    for (const auto& object : orphans.objects) paths.push_back(object.path.value);
    if (!dry_run) SLUICE_TRY(DeleteAll(paths));
    return Json{{"paths", paths}};
  }

  Status DeleteAll(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      SLUICE_TRY(store_->Delete({path}, Now() + std::chrono::minutes(1)));
    }
    return {};
  }

  LakeSpec spec_;
  std::string spool_;
  std::unique_ptr<DuckEngine> engine_;
  std::unique_ptr<SqlSession> session_;
  std::unique_ptr<FolderStore> store_;
  std::unique_ptr<LakeSink> lake_;
  CommitId commit_;
  std::unique_ptr<Participant> participant_;
};

Json Reply(LakeTool& tool, const std::string& line) {
  try {
    const auto answer = tool.Answer(Json::parse(line));
    if (answer) return *answer;
    const Error& error = answer.error();
    return {{"error", error.message}, {"kind", Name(error.kind)}, {"code", error.code}};
  } catch (const std::exception& error) {
    return {{"error", error.what()}, {"kind", "usage"}, {"code", ""}};
  }
}

}  // namespace
}  // namespace sluice

int main() {
  sluice::LakeTool tool;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << sluice::Reply(tool, line).dump() << std::endl;
  }
}
