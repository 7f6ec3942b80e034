#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"

namespace sluice {

/// What became of one dbt node (model, test, seed, snapshot, …).
struct NodeResult {
  std::string unique_id;  ///< `model.books_analytics.fact_books`
  std::string name;
  std::string kind;       ///< model, test, source, seed, snapshot, unit_test, …
  std::string status;     ///< dbt's word: success, pass, warn, fail, error, skipped
  std::string message{};  ///< for a person; cut at 2 KiB
  double seconds = 0;
  std::optional<int64_t> failures{};  ///< rows that a test found
};

/// One `dbt build` that ran to its end, whatever its tests said.
struct BuildResult {
  bool ok = false;  ///< nothing failed, nothing was in error (warnings are fine)
  double seconds = 0;
  std::string started_at{};  ///< RFC 3339 in UTC, `2026-01-31T12:00:00.123Z`
  std::vector<NodeResult> nodes{};
  int64_t models = 0;  ///< nodes of kind model
  int64_t tests = 0;   ///< nodes of kind test and unit_test
  int64_t passed = 0;  ///< nodes by status from here, fresh sources among them: success or pass
  int64_t warned = 0;
  int64_t failed = 0;   ///< tests that found rows, sources that are stale
  int64_t errored = 0;  ///< nodes that could not run
  int64_t skipped = 0;  ///< behind a node that failed
  std::string invocation_id{};
};

/// The project was read; the path of its manifest.json.
struct DbtParsed {
  std::string manifest;
};

/// What the worker says: a node has finished; the build has a result; the project was read; what
/// was asked has no result, and why.
using DbtEvent = std::variant<NodeResult, BuildResult, DbtParsed, Error>;

struct DbtOptions {
  std::string project_folder;   ///< has dbt_project.yml; nothing is written into it
  std::string profiles_folder;  ///< under .sluice; profiles.yml is written there at each start
  std::string state_folder;     ///< under .sluice: the worker's script, `target/` and `logs/`
  std::string conninfo;         ///< libpq address, keyword/value or URI
  std::string password{};       ///< never written to a file, a command line or the environment
  std::string schema = "public";
  std::string python{};          ///< interpreter with dbt-postgres; empty: see FindDbtPython
  int32_t threads = 4;           ///< models that dbt runs side by side
  int64_t timeout_ms = 600'000;  ///< a build without an end by then is an error
  std::function<void(const NodeResult&)> on_node{};  ///< as nodes finish, on Build's thread

  /// FailsWith kInvalidConfig.
  Status Validate() const;
};

class ChildProcess;

/// A resident `dbt build`: one Python process that has imported dbt and parsed the project, so a
/// build costs what its SQL costs. It ends with this object and with this process. Used by one
/// thread at a time.
class DbtWorker {
 public:
  /// Checks the options, finds Python, writes the worker's script. Starts nothing. FailsWith
  /// kInvalidConfig where the project or dbt is absent.
  static Result<std::unique_ptr<DbtWorker>> Make(DbtOptions options);
  /// Ends the process; a query it was running is cancelled.
  ~DbtWorker();

  /// Starts the process without waiting: it imports and parses while we do other things.
  Status Start();
  /// Runs `dbt build` and waits for its end; starts the process when there is none. Failing tests
  /// are a result, not an error. FailsWith kInvalidConfig when the project does not parse,
  /// kRetryable when the database is away or the process died or hung (the next Build starts a new
  /// one), kShutdown when asked to stop (the build is cancelled).
  Result<BuildResult> Build(std::stop_token stop);
  /// Reads the project and returns the path of its manifest.json, in the state folder. Needs no
  /// database. Fails as Build does.
  Result<std::string> Parse(std::stop_token stop);

 private:
  DbtWorker(DbtOptions options, std::string python, std::string script);
  /// Sends a request; returns its last event, neither a node nor an Error.
  Result<DbtEvent> Ask(std::string_view request, std::stop_token stop);
  Error Died(Error cause);

  DbtOptions options_;
  std::string python_;
  std::string script_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace sluice
