#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::cli {

/// What the command line says of a run's HTTP side; empty where it is silent.
struct HttpArgs {
  std::string address;  ///< `IP:PORT`, `off`
  std::vector<std::string> hosts;
};

/// Flags that every verb takes.
struct CommonArgs {
  std::string file;             ///< pipeline file; empty: found in this folder or above
  std::string output = "text";  ///< text or json
  std::string log_level = "info";
  std::string log_format = "auto";
  bool insecure_secret_files = false;
  bool insecure_tls = false;
  bool json() const { return output == "json"; }
};

struct InitArgs {
  std::string folder = ".";
  std::string from;  ///< a CSV file to make the project for; empty: the sensors example
};
struct ValidateArgs {
  bool offline = false;
  int64_t wait_s = 10;
};
struct PlanArgs {
  bool accept = false;
  bool sql = false;
  std::string run_role;  ///< empty: the role of the address
  std::string read_role = "sluice_read";
  int64_t wait_s = 60;
};
struct RunArgs {
  bool once = false;
  int32_t workers = 1;
  int64_t wait_s = 60;
  bool allow_async_commit = false;
  HttpArgs http{};
  bool accept_storm = false;
};
struct ProduceArgs {
  std::string csv;
  bool lines = false;
  int64_t delay_ms = 0;
  double rate = 0;
  std::string key;
  int64_t repeat = 1;
  std::string delimiter;
  std::vector<std::string> types;  ///< `Column=type`
  int32_t create_partitions = 0;
  std::string acks_file;
  int64_t wait_s = 60;  ///< for the broker to appear
};
struct StatusArgs {
  bool health = false;  ///< ask the run itself
  HttpArgs http{};
};
/// Which records of the quarantine; empty means all.
struct ChosenRecords {
  std::vector<std::string> records;  ///< `LOG/PARTITION/OFFSET`
  std::string reason;
  int32_t partition = -1;
  std::string since, before;  ///< a time or an age
};
struct QuarantineListArgs {
  ChosenRecords chosen;
  std::string state = "unresolved";  ///< or resolved, all
  int64_t limit = 20;
};
struct QuarantineShowArgs {
  std::string record;
  bool raw = false;
};
struct QuarantineReplayArgs {
  ChosenRecords chosen;
  int64_t limit = 0;  ///< 0: all
  bool yes = false;
};
struct QuarantinePurgeArgs {
  ChosenRecords chosen;
  bool unresolved = false;
  bool yes = false;
};
struct RebuildArgs {
  std::string table;
  bool dry_run = false;
  bool yes = false;
  bool accept_storm = false;
};
struct TableArgs {
  std::string table;
};
struct SqlArgs {
  std::string sql;
};
struct MaintainArgs {
  std::vector<std::string> tables;  ///< empty: all
  bool dry_run = false;
  int64_t keep_snapshots = 0;  ///< 0 and empty: as the pipeline file says
  std::string snapshot_age, orphans_after, receipts_after;
  int64_t wait_s = 60;  ///< for another process's turn
};
struct VerifyArgs {};
struct DoctorArgs {};
struct ExplainArgs {
  std::string code;
};
struct BrokerArgs {
  int32_t partitions = 0;
};
struct ExportSupersetArgs {
  std::string file;           ///< empty: `<pipeline>-superset.zip`
  std::string folder;         ///< instead of a file
  std::string warehouse_url;  ///< as Superset reaches it; empty: as we do
  int64_t wait_s = 0;         ///< for gold's first build
};
struct ExportDbtSourcesArgs {
  std::string file = "-";
  std::string name = "warehouse";
  int64_t warn_after_m = 60;
  int64_t error_after_m = int64_t{24} * 60;
};
struct ExportRulesArgs {
  std::string file = "-";
  int64_t lag_records = 100'000;
  double quarantine_percent = 1;
};
struct AcceptLogArgs {
  bool yes = false;
};
struct ResetArgs {
  std::vector<int32_t> partitions;  ///< empty: all
  std::string to = "start";         ///< `start`, `latest` or an offset
  bool yes = false;
};

// One function a verb, one file each; all return the process's exit code.
int Init(const CommonArgs& common, const InitArgs& args);
int Validate(const CommonArgs& common, const ValidateArgs& args);
int Plan(const CommonArgs& common, const PlanArgs& args);
int Run(const CommonArgs& common, const RunArgs& args);
int Produce(const CommonArgs& common, const ProduceArgs& args);
int ShowStatus(const CommonArgs& common, const StatusArgs& args);
/// `status --health`: 0 when the run is ready, 1 when not, 69 when none answers.
int ShowHealth(const CommonArgs& common, const HttpArgs& http);
int QuarantineList(const CommonArgs& common, const QuarantineListArgs& args);
int QuarantineShow(const CommonArgs& common, const QuarantineShowArgs& args);
int QuarantineReplay(const CommonArgs& common, const QuarantineReplayArgs& args);
int QuarantinePurge(const CommonArgs& common, const QuarantinePurgeArgs& args);
int Rebuild(const CommonArgs& common, const RebuildArgs& args);
int TablesList(const CommonArgs& common);
int TablesShow(const CommonArgs& common, const TableArgs& args);
int TablesSnapshots(const CommonArgs& common, const TableArgs& args);
int TablesSql(const CommonArgs& common, const SqlArgs& args);
int WarehouseSql(const CommonArgs& common, const SqlArgs& args);
int WarehouseAddress(const CommonArgs& common);
int Maintain(const CommonArgs& common, const MaintainArgs& args);
int Verify(const CommonArgs& common, const VerifyArgs& args);
int Doctor(const CommonArgs& common, const DoctorArgs& args);
int ExplainCode(const CommonArgs& common, const ExplainArgs& args);
int Broker(const CommonArgs& common, const BrokerArgs& args);
int AcceptNewLog(const CommonArgs& common, const AcceptLogArgs& args);
int OffsetsShow(const CommonArgs& common);
int OffsetsReset(const CommonArgs& common, const ResetArgs& args);
int ExportSuperset(const CommonArgs& common, const ExportSupersetArgs& args);
int ExportDbtSources(const CommonArgs& common, const ExportDbtSourcesArgs& args);
int ExportRules(const CommonArgs& common, const ExportRulesArgs& args);
int Version(const CommonArgs& common);
std::string VersionText();

/// Reads the command line and runs the verb. Returns the exit code of product.md.
int Dispatch(int argc, char** argv);

}  // namespace sluice::cli
