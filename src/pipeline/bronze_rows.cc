#include "pipeline/bronze_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "core/text.h"
#include "lake/local_files.h"
#include "lake/scan.h"

namespace sluice {
namespace {

// Rows in memory, by what they take in their file and how Parquet packs them.
constexpr int64_t kBatchBytes = 64 << 20;
constexpr int64_t kPacking = 8;

size_t ChunksAtOnce(const LiveFile& file) {
  const int64_t row_bytes = kPacking * file.size_bytes / std::max<int64_t>(file.record_count, 1);
  const int64_t chunk_bytes = std::max<int64_t>(row_bytes * int64_t{kChunkRows}, 1);
  return std::clamp<size_t>(static_cast<size_t>(kBatchBytes / chunk_bytes), 1, kBronzeBatchChunks);
}

class BronzeReader {
 public:
  BronzeReader(duckdb_connection duck, const BronzeSpec& bronze, const LakeTableState& table,
               const std::function<Status(LogId, Chunks)>& take)
      : duck_(duck), schema_(BronzeSchema(bronze.columns)), table_(table), take_(take) {}

  Status Read(const LiveFile& file, const std::string& local) {
    chunks_at_once_ = ChunksAtOnce(file);
    DuckPrepared prepared;
    const std::string sql = Sql(local);
    if (duckdb_prepare(duck_, sql.c_str(), prepared.out()) != DuckDBSuccess) {
      return Broken(local, duckdb_prepare_error(prepared.get()));
    }
    DuckResult rows;
    if (duckdb_execute_prepared_streaming(prepared.get(), rows.out()) == DuckDBSuccess) {
      SLUICE_TRY(CheckTypes(local, rows.get()));
      while (duckdb_data_chunk next = duckdb_fetch_chunk(rows.get())) SLUICE_TRY(Add(Chunk(next)));
    }
    const char* const message = duckdb_result_error(rows.out());
    return message == nullptr ? Status() : Broken(local, message);
  }

  Status Finish() {
    for (auto& [log, chunks] : pending_) {
      if (!chunks.empty()) SLUICE_TRY(take_(log, std::exchange(chunks, {})));
    }
    return {};
  }

 private:
  std::string Sql(const std::string& local) const {
    std::string columns;
    for (const Field& field : schema_.fields) {
      columns += (columns.empty() ? "" : ", ") + QuoteIdentifier(field.name);
    }
    return fmt::format("SELECT {} FROM {}", columns, ScanSql(table_, {local}));
  }

  std::unexpected<Error> Broken(const std::string& local, const char* message) const {
    return Fail(ErrorKind::kFatal,
                fmt::format("{} cannot be read: {}: {}", table_.name.Full(), local,
                            message != nullptr ? message : "no message"),
                "sluice verify");
  }

  // The transform trusts the layout.
  Status CheckTypes(const std::string& local, duckdb_result& rows) const {
    for (idx_t i = 0; i < schema_.fields.size(); ++i) {
      const DuckType live(duckdb_column_logical_type(&rows, i));
      const auto type = FromDuckType(live.get());
      const Field& field = schema_.fields[i];
      if (type && Spell(*type) == Spell(field.type)) continue;
      const std::string found = type ? Spell(*type) : "of another type";
      return Broken(
          local,
          fmt::format("column `{}` is {}, not {}", field.name, found, Spell(field.type)).c_str());
    }
    return {};
  }

  // Chunks as DuckDB gives them out may share buffers, or be no flat ones.
  Status Add(const Chunk& chunk) {
    std::vector<uint32_t> all(chunk.rows());
    std::iota(all.begin(), all.end(), 0U);
    Chunk flat = chunk.Select(all);
    std::map<LogId, std::vector<uint32_t>> by_log;
    const LineageView lineage = LineageOf(flat);
    for (const uint32_t row : all) by_log[LogId{lineage.log[row]}].push_back(row);
    if (by_log.size() == 1) return Keep(by_log.begin()->first, std::move(flat));
    for (const auto& [log, rows] : by_log) SLUICE_TRY(Keep(log, flat.Select(rows)));
    return {};
  }

  Status Keep(LogId log, Chunk chunk) {
    Chunks& chunks = pending_[log];
    chunks.push_back(std::move(chunk));
    return chunks.size() < chunks_at_once_ ? Status() : take_(log, std::exchange(chunks, {}));
  }

  duckdb_connection duck_;
  const Schema schema_;
  const LakeTableState& table_;
  const std::function<Status(LogId, Chunks)>& take_;
  size_t chunks_at_once_ = 1;
  std::map<LogId, Chunks> pending_;
};

}  // namespace

Status ReadBronze(duckdb_connection duck, const BronzeSpec& bronze, const LakeTableState& table,
                  const std::vector<LiveFile>& files, ObjectStore& store,
                  const std::string& scratch_folder,
                  const std::function<Status(LogId, Chunks)>& take) {
  BronzeReader reader(duck, bronze, table, take);
  SLUICE_TRY(VisitFiles(
      files, store, scratch_folder,
      [&](const LiveFile& file, const std::string& local) { return reader.Read(file, local); }));
  return reader.Finish();
}

}  // namespace sluice
