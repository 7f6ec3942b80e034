#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stage/schema.h"
#include "stage/time_window.h"

namespace sluice {

/// A place in the pipeline file, both from 1; line 0 means none.
struct Place {
  int line = 0;
  int column = 0;
};

/// `raw.books`: a namespace and a name.
struct TableName {
  std::string ns;
  std::string name;
  std::string Full() const { return ns + "." + name; }
  auto operator<=>(const TableName&) const = default;
};

enum class StartAt { kEarliest, kLatest, kTimestamp };

struct SourceSpec {
  bool embedded = false;
  std::string brokers;  ///< bootstrap list; empty when embedded
  std::string topic;
  StartAt start = StartAt::kEarliest;
  int64_t start_timestamp_ms = 0;
  std::string group;       ///< default `sluice-<pipeline>`
  int32_t partitions = 1;  ///< of the embedded broker's topic
  std::map<std::string, std::string>
      options;  ///< librdkafka's names, from an allow-list; secrets in clear
  int64_t max_batch_rows = 50'000;
  int64_t max_batch_bytes = 16 << 20;
};

struct LakeSpec {
  std::string root;              ///< absolute `file:///…` or `s3://…`, no slash at the end
  std::string catalog = "lake";  ///< catalog_name in iceberg_tables
  int64_t every_ms = 30'000;
  int64_t file_size_bytes = 128 << 20;
  std::map<std::string, std::string> s3;  ///< endpoint, region, …
};

struct WarehouseSpec {
  bool embedded = false;
  std::string url;            ///< postgres://… or key=value; secrets in clear; empty when embedded
  int64_t every_ms = 0;       ///< 0: as soon as there is work
  bool insecure_tls = false;  ///< `--insecure-tls`: a remote server may go without proof
};

enum class NumberPolicy { kNull, kKeep, kQuarantine };
enum class UnknownFields { kRest, kQuarantine };

/// How bytes become bronze rows; the names are bad-input.md's.
struct DecodeOptions {
  NumberPolicy nan = NumberPolicy::kNull;  ///< `NaN`: null, keep (floats only), quarantine
  NumberPolicy infinity =
      NumberPolicy::kQuarantine;  ///< `Infinity`: keep (floats only) or quarantine
  UnknownFields unknown_fields = UnknownFields::kRest;
  bool coerce = false;  ///< "1859" for an int, "true" for a bool
  bool case_insensitive = false;
  bool strip_nul = false;
  int64_t max_message_bytes = 8 << 20;
  int64_t max_field_bytes = 8 << 20;
  int32_t max_fields = 10'000;
  int32_t max_field_name_bytes = 1024;
  int32_t max_depth = 64;
  std::string timestamp_unit;  ///< `s`, `ms`, `us` for numbers; empty: numbers are refused
  std::string timestamp_zone;  ///< zone for times without one; empty: refused for timestamptz
};

/// One item of `partition_by`: `genre`, `day(_timestamp)`, `month(x)`, `hour(x)`.
struct PartitionField {
  std::string transform;  ///< identity, day, hour, month
  std::string column;
  bool operator==(const PartitionField&) const = default;
};

/// Returns the columns whose times a table's `time_window` judges; `_timestamp` is what it measures
/// by.
inline std::vector<std::string> WindowedColumns(const std::vector<PartitionField>& partition_by) {
  std::vector<std::string> columns;
  for (const auto& field : partition_by) {
    if (field.transform == "identity" || field.column == "_timestamp") continue;
    columns.push_back(field.column);
  }
  return columns;
}

struct BronzeSpec {
  TableName table;
  std::vector<Field> columns;  ///< as declared; lineage not among them
  DecodeOptions decode;
  std::vector<PartitionField> partition_by;
  TimeWindow time_window;
  Place place;
};

enum class Otherwise { kWarn, kDrop, kQuarantine, kFail };

struct Expectation {
  std::string name;
  std::string check;  ///< a boolean SQL expression over the silver columns
  Otherwise otherwise = Otherwise::kWarn;
  Place place;  ///< of the check's text
};

enum class WriteMode { kAppend, kUpsert };

struct WarehouseTableSpec {
  std::string schema;
  std::string table;
  WriteMode mode = WriteMode::kAppend;
  std::vector<std::string> key;  ///< for upsert
  Place place;
  std::vector<Place> key_places{};  ///< of each item of `key`
};

struct SilverSpec {
  TableName table;
  TableName from;
  std::string sql;
  std::vector<Place> sql_lines;  ///< where each line of `sql` begins in the file
  std::vector<Expectation> expect;
  std::vector<PartitionField> partition_by;
  TimeWindow time_window;
  std::optional<WarehouseTableSpec> warehouse;
  Place place;
  std::vector<Place> partition_places{};  ///< of each item of `partition_by`
};

struct GoldSpec {
  std::string dbt;                ///< absolute folder of the dbt project
  std::string schema = "public";  ///< where dbt makes its tables
  int64_t every_ms = 10'000;      ///< at most so often
};

/// Where a run answers HTTP.
struct ListenAddress {
  std::string host;  ///< an IP address
  int32_t port = 0;  ///< 0: any free one
};

/// The HTTP side of a run.
struct ServeSpec {
  bool off = false;
  std::optional<ListenAddress> http;  ///< absent: not named, so the default
  std::vector<std::string> hosts;     ///< names that requests may use besides loopback's
  std::string token;                  ///< of the page and the API, in clear; empty: none
};

/// More bad records than this in one partition stop it before they are committed.
struct StormLimit {
  int64_t share_percent = 50;  ///< at 100 nothing is a storm
  int64_t of_last = 1000;      ///< records
};

/// How the lake's tables are kept small.
struct MaintenanceSpec {
  bool off = false;           ///< a run leaves them alone
  int64_t every_ms = 60'000;  ///< in a run
  int64_t target_file_bytes = 128 << 20;
  int64_t keep_snapshots = 100;
  int64_t snapshot_age_ms = 15 * 60'000LL;       ///< younger ones stay, too
  int64_t orphans_after_ms = 3 * 86'400'000LL;   ///< what nothing refers to goes after this
  int64_t receipts_after_ms = 7 * 86'400'000LL;  ///< rows of sluice.commit
};

/// A checked pipeline file. Paths are absolute, variables replaced, defaults filled in.
struct Spec {
  std::string file;    ///< the pipeline file's path
  std::string folder;  ///< its folder; `.sluice/` lies there
  std::string pipeline;
  SourceSpec source;
  LakeSpec lake;
  WarehouseSpec warehouse;
  BronzeSpec bronze;               ///< exactly one
  std::vector<SilverSpec> silver;  ///< none or more, each from `bronze.table`
  std::optional<GoldSpec> gold;
  ServeSpec serve;
  MaintenanceSpec maintenance;
  int64_t quarantine_limit_rows = -1;  ///< `run --once` exits 1 beyond it; -1: no limit
  StormLimit storm;

  bool HasWarehouseSink() const {
    for (const auto& table : silver) {
      if (table.warehouse) return true;
    }
    return false;
  }
  std::string StateFolder() const { return folder + "/.sluice"; }
};

}  // namespace sluice
