#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <string>

#include "cli/add_verb.h"
#include "cli/args.h"
#include "cli/lake_verbs.h"
#include "cli/output.h"
#include "core/log.h"
#include "core/text.h"

namespace sluice::cli {
namespace {

constexpr int kUsageExit = 64;

void AddHttp(CLI::App& verb, HttpArgs& http) {
  verb.add_option("--http", http.address, "Where the run answers HTTP: IP:PORT, or off")
      ->envname("SLUICE_HTTP");
}

void AddRunning(CLI::App& app, Chosen& chosen, const CommonArgs& common) {
  std::shared_ptr<RunArgs> run;
  CLI::App* verb = AddVerb(app, "run", "Stream from the topic to gold; Ctrl-C commits and stops",
                           chosen, common, Run, run);
  verb->add_flag("--once", run->once, "Stop when all that is in the topic now is committed");
  verb->add_option("--workers", run->workers, "Workers in this process")
      ->check(CLI::Range(1, 64))
      ->envname("SLUICE_WORKERS")
      ->capture_default_str();
  verb->add_flag("--accept-storm", run->accept_storm,
                 "Quarantine however many bad records; for this run only");
  verb->add_option("--wait", run->wait_s, "Seconds to wait for services at the start")
      ->check(CLI::NonNegativeNumber)
      ->envname("SLUICE_WAIT")
      ->capture_default_str();
  verb->add_flag("--allow-async-commit", run->allow_async_commit,
                 "Take a PostgreSQL with synchronous_commit off")
      ->envname("SLUICE_ALLOW_ASYNC_COMMIT");

  AddHttp(*verb, run->http);
  verb->add_option("--http-host", run->http.hosts, "A name that requests may use; may be repeated")
      ->delimiter(',')
      ->envname("SLUICE_HTTP_HOSTS");

  std::shared_ptr<ProduceArgs> produce;
  verb = AddVerb(app, "produce", "Send a CSV's rows, or a .jsonl file's lines, to the topic",
                 chosen, common, Produce, produce);
  verb->add_option("csv", produce->csv, "The file, or - for stdin")->required();
  verb->add_flag("--lines", produce->lines,
                 "One record a line, sent as it is; so are .jsonl files");
  verb->add_option("--delay", produce->delay_ms, "Milliseconds between two records")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--rate", produce->rate, "Records a second at most")->check(CLI::PositiveNumber);
  verb->add_option("--key", produce->key, "Column whose text becomes the record's key");
  verb->add_option("--repeat", produce->repeat, "Send the file so many times")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--delimiter", produce->delimiter, "One character, or tab; guessed by default");
  verb->add_option("--type", produce->types, "Column=type instead of guessing; may be repeated");
  verb->add_option("--partitions", produce->create_partitions,
                   "Create the topic with so many partitions when it does not exist")
      ->check(CLI::PositiveNumber);
  verb->add_option("--acks", produce->acks_file,
                   "Write each confirmed record to a file, JSON lines");
  verb->add_option("--wait", produce->wait_s, "Seconds to wait for the broker")
      ->check(CLI::NonNegativeNumber)
      ->envname("SLUICE_WAIT")
      ->capture_default_str();

  std::shared_ptr<BrokerArgs> broker;
  verb = AddVerb(app, "broker", "The embedded broker in a process of its own", chosen, common,
                 Broker, broker);
  verb->add_option("--partitions", broker->partitions, "Instead of the pipeline file's number")
      ->check(CLI::Range(1, 256));
}

void AddPlanning(CLI::App& app, Chosen& chosen, const CommonArgs& common) {
  std::shared_ptr<InitArgs> init;
  CLI::App* verb =
      AddVerb(app, "init", "Make a project that runs unedited", chosen, common, Init, init);
  verb->add_option("folder", init->folder, "Where")->capture_default_str();
  verb->add_option("--from", init->from, "CSV file whose columns the project takes");

  std::shared_ptr<ValidateArgs> validate;
  verb = AddVerb(app, "validate", "Check the pipeline file, its SQL and the services it names",
                 chosen, common, Validate, validate);
  verb->add_flag("--offline", validate->offline, "Ask no service");
  verb->add_option("--wait", validate->wait_s, "Seconds to wait for services")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();

  std::shared_ptr<PlanArgs> plan;
  verb = AddVerb(app, "plan", "Show what a run would create or change; writes nothing", chosen,
                 common, Plan, plan);
  verb->add_flag("--accept", plan->accept, "Take a changed transform from the marks on");
  CLI::Option* const sql = verb->add_flag("--sql", plan->sql, "Print the statements for a DBA");
  verb->add_option("--run-role", plan->run_role,
                   "With --sql: who a run connects as; default: the role of the address")
      ->needs(sql);
  verb->add_option("--read-role", plan->read_role, "With --sql: who only reads")
      ->needs(sql)
      ->capture_default_str();
  verb->add_option("--wait", plan->wait_s, "Seconds to wait for services")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();

  std::shared_ptr<ExplainArgs> explain;
  verb = AddVerb(app, "explain", "Explain an error code; without one, list all", chosen, common,
                 ExplainCode, explain);
  verb->add_option("code", explain->code, "Such as E0107, or its name: unknown_key");

  std::shared_ptr<DoctorArgs> doctor;
  AddVerb(app, "doctor", "Check this machine and the services, and say what to mend", chosen,
          common, Doctor, doctor);
}

void AddChosen(CLI::App& verb, ChosenRecords& chosen, bool must_have_before) {
  verb.add_option("record", chosen.records, "LOG/PARTITION/OFFSET, as `ls` prints it; several");
  verb.add_option("--reason", chosen.reason, "Only this reason, or a beginning and *");
  verb.add_option("--partition", chosen.partition, "Only this partition")
      ->check(CLI::NonNegativeNumber);
  verb.add_option("--since", chosen.since, "Quarantined since a time, or an age such as 2h");
  verb.add_option("--before", chosen.before, "Quarantined before a time, or an age such as 30d")
      ->required(must_have_before);
}

void AddQuarantine(CLI::App& app, Chosen& chosen, const CommonArgs& common) {
  CLI::App* const quarantine =
      app.add_subcommand("quarantine", "Records that could not become rows");
  quarantine->require_subcommand(1)->fallthrough();
  std::shared_ptr<QuarantineListArgs> list;
  CLI::App* verb =
      AddVerb(*quarantine, "ls", "List them, newest first", chosen, common, QuarantineList, list);
  AddChosen(*verb, list->chosen, false);
  verb->add_option("--state", list->state, "unresolved, resolved or all")
      ->check(CLI::IsMember({"unresolved", "resolved", "all"}))
      ->capture_default_str();
  verb->add_option("--limit", list->limit, "At most so many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();

  std::shared_ptr<QuarantineShowArgs> show;
  verb = AddVerb(*quarantine, "show", "One record with its raw bytes", chosen, common,
                 QuarantineShow, show);
  verb->add_option("record", show->record, "LOG/PARTITION/OFFSET, as `ls` prints it")->required();
  verb->add_flag("--raw", show->raw, "Write the value's bytes to stdout and nothing else");

  std::shared_ptr<QuarantineReplayArgs> replay;
  verb = AddVerb(*quarantine, "replay", "After a fix: into the tables, under their own offsets",
                 chosen, common, QuarantineReplay, replay);
  AddChosen(*verb, replay->chosen, false);
  verb->add_option("--limit", replay->limit, "At most so many")->check(CLI::PositiveNumber);
  verb->add_flag("--yes", replay->yes,
                 "Do it; without, only try and say what would become of them");

  std::shared_ptr<QuarantinePurgeArgs> purge;
  verb = AddVerb(*quarantine, "purge", "Delete old ones for good, the replayed ones by default",
                 chosen, common, QuarantinePurge, purge);
  AddChosen(*verb, purge->chosen, true);
  verb->add_flag("--unresolved", purge->unresolved, "Also those that never became rows");
  verb->add_flag("--yes", purge->yes, "Do it; without, only say how many");
}

void AddReading(CLI::App& app, Chosen& chosen, const CommonArgs& common) {
  std::shared_ptr<StatusArgs> status;
  CLI::App* verb = AddVerb(app, "status", "Marks, lag, commits, quarantine and the last dbt build",
                           chosen, common, ShowStatus, status);
  verb->add_flag("--health", status->health,
                 "Ask the run whether it is ready; exit 0, 1, or 69 without an answer");
  AddHttp(*verb, status->http);
  std::shared_ptr<VerifyArgs> verify;
  AddVerb(app, "verify", "Prove completeness: the ledger against lake, warehouse and quarantine",
          chosen, common, Verify, verify);
}

void AddOffsets(CLI::App& app, Chosen& chosen, const CommonArgs& common) {
  CLI::App* const offsets = app.add_subcommand("offsets", "The ledger's marks");
  offsets->require_subcommand(1)->fallthrough();
  offsets->add_subcommand("show", "Marks beside the broker's log, and what it lost")
      ->fallthrough()
      ->callback([&] { chosen = [&common] { return OffsetsShow(common); }; });
  std::shared_ptr<ResetArgs> reset;
  CLI::App* verb = AddVerb(*offsets, "reset", "Accept that records are not read: move marks ahead",
                           chosen, common, OffsetsReset, reset);
  verb->add_option("--partition", reset->partitions, "Only these; otherwise all");
  verb->add_option("--to", reset->to, "`start` (over what is lost), `latest`, or an offset")
      ->capture_default_str();
  verb->add_flag("--yes", reset->yes, "Do it; without, only say what would be done");
  std::shared_ptr<AcceptLogArgs> accept;
  verb = AddVerb(*offsets, "accept-new-log", "Start a topic that was made again as a new log",
                 chosen, common, AcceptNewLog, accept);
  verb->add_flag("--yes", accept->yes, "Do it; without, only say what would be done");
}

void AddWarehouse(CLI::App& app, Chosen& chosen, const CommonArgs& common) {
  CLI::App* const warehouse = app.add_subcommand("warehouse", "PostgreSQL: silver and gold");
  warehouse->require_subcommand(1)->fallthrough();
  std::shared_ptr<SqlArgs> sql;
  CLI::App* const verb =
      AddVerb(*warehouse, "sql", "Run a query, read only", chosen, common, WarehouseSql, sql);
  verb->add_option("sql", sql->sql, "Such as 'SELECT count(*) FROM fact_books'")->required();
  CLI::App* const address =
      warehouse->add_subcommand("address", "Its address, for psql and others");
  address->fallthrough()->callback(
      [&] { chosen = [&common] { return WarehouseAddress(common); }; });
}

void AddExport(CLI::App& app, Chosen& chosen, const CommonArgs& common) {
  CLI::App* const parent = app.add_subcommand("export", "Files for the tools around the pipeline");
  parent->require_subcommand(1)->fallthrough();
  std::shared_ptr<ExportSupersetArgs> superset;
  CLI::App* verb =
      AddVerb(*parent, "superset", "Dashboards over gold and over the pipeline, as one bundle",
              chosen, common, ExportSuperset, superset);
  CLI::Option* const file =
      verb->add_option("-o,--out", superset->file, "Zip file; default: PIPELINE-superset.zip");
  verb->add_option("--dir", superset->folder, "Write a folder of YAML files instead")
      ->excludes(file);
  verb->add_option("--warehouse-url", superset->warehouse_url,
                   "PostgreSQL's address as Superset reaches it, when it is another")
      ->envname("SUPERSET_WAREHOUSE_URL");
  verb->add_option("--wait", superset->wait_s, "Seconds to wait for gold's first build")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  std::shared_ptr<ExportDbtSourcesArgs> sources;
  verb = AddVerb(*parent, "dbt-sources", "The warehouse's tables as sources for a dbt project",
                 chosen, common, ExportDbtSources, sources);
  verb->add_option("-o,--out", sources->file, "File; default: stdout");
  verb->add_option("--name", sources->name, "Of the source in dbt")->capture_default_str();
  verb->add_option("--warn-after", sources->warn_after_m, "Minutes without a new record")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--error-after", sources->error_after_m, "Minutes without a new record")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  std::shared_ptr<ExportRulesArgs> rules;
  verb = AddVerb(*parent, "prometheus-rules", "Alerts over what /metrics of a run says", chosen,
                 common, ExportRules, rules);
  verb->add_option("-o,--out", rules->file, "File; default: stdout");
  verb->add_option("--lag", rules->lag_records, "Alert when more records wait for a sink")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--quarantine-percent", rules->quarantine_percent,
                   "Alert when more of the records are quarantined")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
}

void AddCommon(CLI::App& app, CommonArgs& common) {
  app.add_option("-f,--file", common.file, "Pipeline file; default: sluice.yml here or above")
      ->envname("SLUICE_FILE");
  app.add_option("-o,--output", common.output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->envname("SLUICE_OUTPUT")
      ->capture_default_str();
  app.add_option("--log-level", common.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->envname("SLUICE_LOG_LEVEL")
      ->capture_default_str();
  app.add_option("--log-format", common.log_format, "text, json, or auto: text on a terminal")
      ->check(CLI::IsMember({"auto", "text", "json"}))
      ->envname("SLUICE_LOG_FORMAT")
      ->capture_default_str();
  app.add_flag("--insecure-secret-files", common.insecure_secret_files,
               "Take secret files that others may read")
      ->envname("SLUICE_INSECURE_SECRET_FILES");
  app.add_flag("--insecure-tls", common.insecure_tls, "Take servers without proof who they are")
      ->envname("SLUICE_INSECURE_TLS");
}

void StartLog(const CommonArgs& common) {
  const LogLevel level = common.log_level == "debug"   ? LogLevel::kDebug
                         : common.log_level == "warn"  ? LogLevel::kWarn
                         : common.log_level == "error" ? LogLevel::kError
                                                       : LogLevel::kInfo;
  const bool json = common.log_format == "json" || (common.log_format == "auto" && !IsTerminal(2));
  ConfigureLog(level, json ? LogFormat::kJson : LogFormat::kText);
}

// What went wrong with the command line, with the verb that was meant where one is near.
std::string UsageText(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) continue;
    if (std::find(verbs.begin(), verbs.end(), word) != verbs.end()) break;
    const std::string nearest = Nearest(word, verbs);
    return fmt::format("there is no verb `{}`\n  = help: {}\n", EscapeControl(word),
                       nearest.empty() ? "`sluice --help` lists them"
                                       : fmt::format("did you mean `{}`?", nearest));
  }
  return std::string(error.what()) + "\n  = help: `sluice --help`, or `sluice VERB --help`\n";
}

}  // namespace

int Dispatch(int argc, char** argv) {
  CommonArgs common;
  Chosen chosen;
  CLI::App app{"sluice takes records from a Kafka topic to tested gold tables, each exactly once.",
               "sluice"};
  app.require_subcommand(1);
  app.set_version_flag("--version", [&] { return "sluice " + VersionText(); });
  AddCommon(app, common);
  AddRunning(app, chosen, common);
  AddPlanning(app, chosen, common);
  AddReading(app, chosen, common);
  AddQuarantine(app, chosen, common);
  AddRebuild(app, chosen, common);
  AddOffsets(app, chosen, common);
  AddTables(app, chosen, common);
  AddMaintain(app, chosen, common);
  AddWarehouse(app, chosen, common);
  AddExport(app, chosen, common);
  app.add_subcommand("version", "Versions of sluice and its libraries")
      ->fallthrough()
      ->callback([&] { chosen = [&common] { return Version(common); }; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version come this way too. CLI11 numbers its failures from 100; ours are 64.
    if (error.get_exit_code() == 0) return app.exit(error);
    Tell("sluice: error: " + UsageText(app, error, argc, argv));
    return kUsageExit;
  }
  StartLog(common);
  return chosen();
}

}  // namespace sluice::cli
