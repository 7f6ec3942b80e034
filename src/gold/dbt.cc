#include "gold/dbt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/clock.h"
#include "core/text.h"
#include "core/types.h"
#include "gold/child_process.h"
#include "gold/dbt_result.h"
#include "gold/dbt_worker_script.h"
#include "gold/python.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

// How much of what the process printed last goes into an error.
constexpr int64_t kTailBytes = 1024;

std::string LogFile(const DbtOptions& options) {
  return options.state_folder + "/logs/worker.log";
}

Status MakeFolders(const DbtOptions& options) {
  for (const auto& folder : {options.state_folder + "/logs", options.profiles_folder}) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
      return Fail(ErrorKind::kInvalidConfig,
                  fmt::format("a folder cannot be made: {}: {}", folder, error.message()));
    }
  }
  return {};
}

// Other processes may be starting the same file: it changes in one step or not at all.
Status WriteScript(const std::string& path) {
  const std::string fresh = fmt::format("{}.{}", path, Uuid::Random().value);
  std::ofstream(fresh, std::ios::binary) << DbtWorkerScript();
  std::error_code error;
  fs::rename(fresh, path, error);
  if (error || fs::file_size(path, error) != DbtWorkerScript().size()) {
    return Fail(ErrorKind::kInvalidConfig, fmt::format("a file cannot be written: {}", path));
  }
  return {};
}

std::string Tail(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  file.seekg(std::max<int64_t>(0, static_cast<int64_t>(file.tellg()) - kTailBytes));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return EscapeControl(text);
}

std::string Settings(const DbtOptions& options) {
  return nlohmann::json{{"project", options.project_folder}, {"profiles", options.profiles_folder},
                        {"state", options.state_folder},     {"conninfo", options.conninfo},
                        {"password", options.password},      {"schema", options.schema},
                        {"threads", options.threads}}
      .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

SteadyTime Deadline(const DbtOptions& options) {
  return Now() + std::chrono::milliseconds(options.timeout_ms);
}

}  // namespace

Status DbtOptions::Validate() const {
  std::error_code ignored;
  if (!fs::is_regular_file(project_folder + "/dbt_project.yml", ignored)) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("the dbt project has no dbt_project.yml: {}", project_folder),
                "gold.dbt names the project's folder");
  }
  if (profiles_folder.empty() || state_folder.empty() || schema.empty() || threads < 1 ||
      timeout_ms < 1) {
    return Fail(ErrorKind::kInvalidConfig,
                "dbt needs a profiles folder, a state folder, a schema, threads and a timeout");
  }
  return {};
}

Result<std::unique_ptr<DbtWorker>> DbtWorker::Make(DbtOptions options) {
  SLUICE_TRY(options.Validate());
  for (auto* folder : {&options.project_folder, &options.profiles_folder, &options.state_folder}) {
    *folder = fs::absolute(*folder).lexically_normal().string();
  }
  const std::array below{ProgramFolder(), options.project_folder};
  SLUICE_ASSIGN(auto python, FindDbtPython(options.python, below));
  SLUICE_TRY(MakeFolders(options));
  auto script = options.state_folder + "/dbt_worker.py";
  SLUICE_TRY(WriteScript(script));
  return std::unique_ptr<DbtWorker>(
      new DbtWorker(std::move(options), std::move(python), std::move(script)));
}

DbtWorker::DbtWorker(DbtOptions options, std::string python, std::string script)
    : options_(std::move(options)), python_(std::move(python)), script_(std::move(script)) {}

DbtWorker::~DbtWorker() = default;

Status DbtWorker::Start() {
  if (process_ && process_->HasLeft()) process_.reset();
  if (process_) return {};
  SLUICE_ASSIGN(process_, ChildProcess::Make({.command = {python_, script_},
                                              .environment = DbtEnvironment(),
                                              .stderr_file = LogFile(options_)}));
  const auto sent = process_->WriteLine(Settings(options_), Deadline(options_));
  return sent ? Status{} : Fail(Died(sent.error()));
}

Result<DbtEvent> DbtWorker::Ask(std::string_view request, std::stop_token stop) {
  SLUICE_TRY(Start());
  const auto deadline = Deadline(options_);
  if (auto sent = process_->WriteLine(request, deadline); !sent) return Fail(Died(sent.error()));
  while (true) {
    const auto line = process_->ReadLine(deadline, stop);
    if (!line) return Fail(Died(line.error()));
    auto event = ParseDbtEvent(*line);
    if (!event) return Fail(Died(event.error()));
    if (auto* node = std::get_if<NodeResult>(&*event)) {
      if (options_.on_node) options_.on_node(*node);
    } else if (auto* error = std::get_if<Error>(&*event)) {
      return Fail(std::move(*error));
    } else {
      return event;
    }
  }
}

Result<BuildResult> DbtWorker::Build(std::stop_token stop) {
  SLUICE_ASSIGN(auto event, Ask(R"({"verb": "build"})", stop));
  if (auto* result = std::get_if<BuildResult>(&event)) return std::move(*result);
  return Fail(Died({ErrorKind::kFatal, "it answered another question"}));
}

Result<std::string> DbtWorker::Parse(std::stop_token stop) {
  SLUICE_ASSIGN(auto event, Ask(R"({"verb": "parse"})", stop));
  if (auto* parsed = std::get_if<DbtParsed>(&event)) return std::move(parsed->manifest);
  return Fail(Died({ErrorKind::kFatal, "it answered another question"}));
}

// Ends the process, whatever is left of it, and says what it printed last.
Error DbtWorker::Died(Error cause) {
  process_.reset();
  if (cause.kind == ErrorKind::kShutdown) return cause;
  cause.message =
      fmt::format("dbt gave no result: {}; it printed: {}", cause.message, Tail(LogFile(options_)));
  cause.hint = fmt::format("see {}", LogFile(options_));
  return cause;
}

}  // namespace sluice
