#include "gold/python.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "core/text.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHint =
    "run scripts/deps, or pip install 'dbt-postgres==1.11.*', and name its Python in "
    "SLUICE_DBT_PYTHON";

bool IsProgram(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

std::optional<std::string> FindAbove(fs::path folder) {
  for (;; folder = folder.parent_path()) {
    const auto candidate = folder / ".deps/dbt/bin/python";
    if (IsProgram(candidate)) return candidate.string();
    if (folder == folder.parent_path()) return std::nullopt;
  }
}

// Returns the interpreter that a script's first line names; `#!/usr/bin/env python3` names none.
std::optional<std::string> InterpreterOf(const fs::path& script) {
  std::ifstream file(script);
  std::string line;
  if (!std::getline(file, line) || !line.starts_with("#!")) return std::nullopt;
  auto interpreter = Split(std::string_view(line).substr(2), ' ')[0];
  if (!IsProgram(interpreter) || fs::path(interpreter).filename() == "env") return std::nullopt;
  return interpreter;
}

// Returns the interpreter of the first `dbt` on the PATH; a venv has it in the same folder.
std::optional<std::string> FindOnPath() {
  const char* path = std::getenv("PATH");
  for (const auto& folder : Split(path ? path : "", ':')) {
    const auto dbt = fs::path(folder) / "dbt";
    if (folder.empty() || !IsProgram(dbt)) continue;
    if (auto interpreter = InterpreterOf(dbt)) return interpreter;
    const auto beside = fs::path(folder) / "python";
    if (IsProgram(beside)) return beside.string();
  }
  return std::nullopt;
}

Result<std::string> Named(const std::string& python, std::string_view where) {
  if (IsProgram(python)) return fs::absolute(python).string();
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("the Python for dbt is not a program: {} ({})", python, where),
              std::string(kHint));
}

bool IsForDbt(std::string_view variable) {
  constexpr std::array kNames = {"PATH=",          "HOME=",        "USER=",   "LOGNAME=",
                                 "LANG=",          "TZ=",          "TMPDIR=", "LD_LIBRARY_PATH=",
                                 "SSL_CERT_FILE=", "SSL_CERT_DIR="};
  constexpr std::array kPrefixes = {"LC_", "PG", "DBT_"};
  const auto starts = [&](std::string_view prefix) { return variable.starts_with(prefix); };
  return std::ranges::any_of(kNames, starts) || std::ranges::any_of(kPrefixes, starts);
}

}  // namespace

std::string ProgramFolder() {
  std::error_code unknown;
  return fs::read_symlink("/proc/self/exe", unknown).parent_path();
}

Result<std::string> FindDbtPython(const std::string& configured,
                                  std::span<const std::string> below) {
  if (!configured.empty()) return Named(configured, "as configured");
  if (const char* python = std::getenv("SLUICE_DBT_PYTHON"); python && *python) {
    return Named(python, "SLUICE_DBT_PYTHON");
  }
  for (const auto& folder : below) {
    if (auto python = FindAbove(fs::absolute(folder))) return *python;
  }
  if (auto python = FindOnPath()) return *python;
  return Fail(ErrorKind::kInvalidConfig, "gold needs a Python with dbt, and none was found",
              std::string(kHint));
}

std::vector<std::string> DbtEnvironment() {
  std::vector<std::string> variables = {"PYTHONUTF8=1"};
  for (char** variable = environ; *variable; ++variable) {
    if (IsForDbt(*variable)) variables.emplace_back(*variable);
  }
  return variables;
}

}  // namespace sluice
