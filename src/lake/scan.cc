#include "lake/scan.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "core/clock.h"
#include "core/text.h"
#include "lake/folder_store.h"

namespace sluice {
namespace {

constexpr std::string_view kFolder = "file://";
constexpr int64_t kMaxFileBytes = int64_t{4} << 30;
constexpr std::chrono::minutes kFetchWithin{10};

// DuckDB's name for an Iceberg type; "" for nested ones, whose type the files tell.
std::string DuckName(const std::string& type) {
  if (type == "int") return "INTEGER";
  if (type == "long") return "BIGINT";
  if (type == "string") return "VARCHAR";
  if (type == "binary") return "BLOB";
  if (type == "timestamptz") return "TIMESTAMP WITH TIME ZONE";
  const bool nested = type.find_first_of("<{") != std::string::npos;
  return nested ? "" : type;
}

Result<std::string> Fetch(const LiveFile& file, size_t number, ObjectStore& store,
                          const std::string& scratch_folder) {
  const std::string address = NormalizeAddress(file.path.value);
  if (address.starts_with(kFolder)) return address.substr(kFolder.size());
  SLUICE_ASSIGN(const std::string bytes, store.Get(file.path, kMaxFileBytes, Now() + kFetchWithin));
  const std::string local = fmt::format("{}/{}.parquet", scratch_folder, number);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(local.c_str(), "wb"),
                                                            std::fclose);
  if (!out || std::fwrite(bytes.data(), 1, bytes.size(), out.get()) != bytes.size() ||
      std::fflush(out.get()) != 0) {
    return Fail(ErrorKind::kRetryable, fmt::format("cannot write {}", local),
                "free some space in the state folder");
  }
  return local;
}

// No rows, but the table's columns: what UNION ALL BY NAME fills with nulls.
std::string EmptyRelation(const LakeTableState& table, bool has_files) {
  std::string columns;
  for (const auto& column : table.columns) {
    std::string type = DuckName(column.type);
    if (type.empty() && has_files) continue;
    if (type.empty()) type = "VARCHAR";
    columns += fmt::format("{}NULL::{} AS {}", columns.empty() ? "" : ", ", type,
                           QuoteIdentifier(column.name));
  }
  return fmt::format("SELECT {} WHERE false", columns);
}

}  // namespace

Result<std::string> ScanSql(const LakeTableState& table, const std::vector<LiveFile>& files,
                            ObjectStore& store, const std::string& scratch_folder, bool with_file) {
  std::string paths, names;
  for (size_t i = 0; i < files.size(); ++i) {
    SLUICE_ASSIGN(const std::string local, Fetch(files[i], i, store, scratch_folder));
    paths += (i == 0 ? "" : ", ") + QuoteLiteral(local);
    names += (i == 0 ? "" : ", ") + QuoteLiteral(files[i].path.value);
  }
  std::string columns;
  for (const auto& column : table.columns) {
    columns += (columns.empty() ? "" : ", ") + QuoteIdentifier(column.name);
  }
  std::string rows = EmptyRelation(table, !files.empty());
  if (!files.empty()) {
    rows += fmt::format(
        " UNION ALL BY NAME SELECT * FROM read_parquet([{}], union_by_name = true, "
        "hive_partitioning = false{})",
        paths, with_file ? ", filename = '_local'" : "");
  }
  if (!with_file) return fmt::format("(SELECT {} FROM ({}))", columns, rows);
  if (files.empty())
    return fmt::format("(SELECT {}, NULL::VARCHAR AS _file FROM ({}))", columns, rows);
  return fmt::format("(SELECT {}, ([{}])[list_position([{}], _local)] AS _file FROM ({}))", columns,
                     names, paths, rows);
}

}  // namespace sluice
