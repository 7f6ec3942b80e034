#include "pipeline/verify_lake.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "lake/local_files.h"
#include "lake/reader.h"
#include "lake/scan.h"
#include "pipeline/offset_set.h"
#include "stage/chunk.h"

namespace sluice {
namespace {

// Rows of other engines may lack their lineage; no partition has this number.
constexpr std::pair<int32_t, int32_t> kNowhere{0, -1};

class ContentReader {
 public:
  ContentReader(duckdb_connection duck, const LakeTableState& table, const LakeReading& reading)
      : duck_(duck), table_(table), reading_(reading) {
    for (const auto& column : reading.key) {
      key_ += (key_.empty() ? "" : ", ") + QuoteIdentifier(column);
    }
  }

  Status Read(const LiveFile& file, const std::string& local) {
    const std::string scan = ScanSql(table_, {local});
    SLUICE_ASSIGN(const int64_t rows, CountRows(scan));
    // Readers answer count(*) from what the manifest claims.
    if (rows != file.record_count) {
      content_.broken_files.push_back(fmt::format("{} holds {} rows, its manifest says {}",
                                                  file.path.value, rows, file.record_count));
    }
    content_.rows += rows;
    return key_.empty() ? Status() : KeepKeys(scan);
  }

  Result<LakeContent> Finish() {
    if (has_keys_) {
      SLUICE_ASSIGN(DuckResult counted, DuckQuery(duck_,
                                                  "SELECT count(*) FROM (SELECT DISTINCT * "
                                                  "FROM temp.lake_keys)"));
      const Chunk chunk(duckdb_fetch_chunk(counted.get()));
      content_.keys = static_cast<const int64_t*>(duckdb_vector_get_data(chunk.column(0)))[0];
      SLUICE_TRY(DuckQuery(duck_, "DROP TABLE temp.lake_keys"));
    }
    return std::move(content_);
  }

  LakeContent& content() { return content_; }

 private:
  Result<int64_t> CountRows(const std::string& scan) {
    SLUICE_ASSIGN(DuckResult result,
                  DuckQuery(duck_, "SELECT _log, _partition, _offset FROM " + scan));
    int64_t rows = 0;
    while (duckdb_data_chunk next = duckdb_fetch_chunk(result.get())) {
      const Chunk chunk(next);
      Count(chunk);
      rows += static_cast<int64_t>(chunk.rows());
    }
    return rows;
  }

  void Count(const Chunk& chunk) {
    const auto* const log = static_cast<const int32_t*>(duckdb_vector_get_data(chunk.column(0)));
    const auto* const partition =
        static_cast<const int32_t*>(duckdb_vector_get_data(chunk.column(1)));
    const auto* const offset = static_cast<const int64_t*>(duckdb_vector_get_data(chunk.column(2)));
    for (size_t row = 0; row < chunk.rows(); ++row) {
      bool is_known = true;
      for (idx_t column = 0; column < 3; ++column) {
        is_known = is_known && IsValid(duckdb_vector_get_validity(chunk.column(column)), row);
      }
      if (is_known) {
        Add({log[row], partition[row]}, offset[row]);
      } else {
        Add(kNowhere, static_cast<int64_t>(content_.held[kNowhere].rows));
      }
    }
  }

  void Add(std::pair<int32_t, int32_t> where, int64_t offset) {
    if (last_ == nullptr || where != last_where_) {
      last_where_ = where;
      last_ = &content_.held[where];
      last_offsets_ = &offsets_[where];
    }
    Held& held = *last_;
    held.least = held.rows == 0 ? offset : std::min(held.least, offset);
    held.greatest = held.rows == 0 ? offset : std::max(held.greatest, offset);
    ++held.rows;
    held.distinct += last_offsets_->Insert(offset) ? 1 : 0;
  }

  Status KeepKeys(const std::string& scan) {
    const std::string rows = fmt::format("SELECT DISTINCT {} FROM {}", key_, scan);
    SLUICE_TRY(DuckQuery(
        duck_,
        (has_keys_ ? "INSERT INTO temp.lake_keys " : "CREATE TEMP TABLE lake_keys AS ") + rows));
    has_keys_ = true;
    return {};
  }

  duckdb_connection duck_;
  const LakeTableState& table_;
  const LakeReading& reading_;
  std::string key_;
  bool has_keys_ = false;
  LakeContent content_;
  std::map<std::pair<int32_t, int32_t>, OffsetSet> offsets_;
  std::pair<int32_t, int32_t> last_where_;
  Held* last_ = nullptr;  // of last_where_
  OffsetSet* last_offsets_ = nullptr;
};

}  // namespace

Result<LakeContent> ReadLakeContent(const Spec& spec, Services& services, SqlSession& session,
                                    duckdb_connection duck, const LakeReading& reading) {
  SLUICE_ASSIGN(const LakeTableState table,
                LoadLakeTable(session, spec.lake.catalog, reading.table, *services.store));
  std::vector<LiveFile> files;
  if (table.current) {
    SLUICE_ASSIGN(files, ListLiveFiles(*table.current, table, *services.store));
  }
  ContentReader reader(duck, table, reading);
  LakeContent& content = reader.content();
  content.files = static_cast<int64_t>(files.size());
  SLUICE_ASSIGN(content.broken_files, CheckLiveFiles(files, *services.store));
  if (!content.broken_files.empty()) {
    content.is_read = false;
    return std::move(content);
  }
  size_t number = 0;
  SLUICE_TRY(VisitFiles(files, *services.store, reading.scratch_folder,
                        [&](const LiveFile& file, const std::string& local) {
                          reading.on_file(++number, files.size(), content.rows);
                          return reader.Read(file, local);
                        }));
  return reader.Finish();
}

}  // namespace sluice
