#include "postgres/cluster.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "core/clock.h"
#include "core/pause.h"
#include "postgres/file_lock.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr int kUsualMajor = 15;
constexpr int64_t kRemainsMs = 15'000;

constexpr std::string_view kSettings = R"(
# Written by sluice for a small private server; change what you like. Addresses, the socket and the
# data folder are given on the command line.
shared_buffers = 128MB
max_wal_size = 1GB
max_connections = 50
jit = off
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_checkpoints = off
# Rows that PostgreSQL refuses belong into the quarantine, not into a log.
log_min_error_statement = panic
log_error_verbosity = terse
)";

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

int NumberIn(std::string_view text) {
  const size_t start = text.find_first_of("0123456789");
  int number = 0;
  if (start != std::string_view::npos) {
    std::from_chars(text.data() + start, text.data() + text.size(), number);
  }
  return number;
}

// Folders `<parent>/…<version>…/bin`, the highest version first.
void AddVersions(const fs::path& parent, std::string_view prefix, std::vector<fs::path>& to) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && NumberIn(name) > 0) found.push_back(entry.path());
  }
  std::ranges::sort(found, std::greater{},
                    [](const auto& path) { return NumberIn(path.filename().string()); });
  for (const auto& path : found) to.push_back(path / "bin");
}

std::vector<fs::path> ProgramFolders() {
  std::vector<fs::path> folders;
  for (const auto& folder : ProgramPath()) folders.emplace_back(folder);
  AddVersions("/usr/lib/postgresql", "", folders);
  AddVersions("/usr", "pgsql-", folders);
  return folders;
}

int MajorOf(const std::string& postgres, const ServerUser& user) {
  const auto answer = RunToEnd(user, {postgres, "--version"});
  return answer && answer->exit_code == 0 ? NumberIn(answer->output) : 0;
}

// The cluster's major version, 0 when there is none.
int MajorOfData(const std::string& data) {
  return NumberIn(ReadAll(data + "/PG_VERSION"));
}

std::unexpected<Error> FileTrouble(std::string_view what, const std::string& path) {
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("{}: {}: {}", what, path, std::strerror(errno)),
              "the state folder must be a local folder that you can write");
}

// The last lines of a program's output, as one.
std::string LastLines(std::string_view text, size_t bytes = 600) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() > bytes) text.remove_prefix(text.find('\n', text.size() - bytes) + 1);
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

Status Configure(const std::string& data) {
  std::ofstream settings(data + "/postgresql.conf", std::ios::app);
  settings << kSettings;
  // Recovery begins by writing the whole folder to disk; file by file a busy disk needs a minute.
  if (MajorOfData(data) >= 14) settings << "recovery_init_sync_method = syncfs\n";
  settings.close();
  std::ofstream access(data + "/pg_hba.conf", std::ios::trunc);
  access << "# Who can enter the socket's folder may connect; nobody else can.\n"
            "local all all trust\n";
  access.close();
  if (!access || !settings)
    return FileTrouble("cannot write the settings of the private database", data);
  return {};
}

// One step of making a cluster.
Status RunStep(const ServerPlace& place, std::vector<std::string> argv,
               std::string_view input = {}) {
  const std::string program = argv.front();
  SLUICE_ASSIGN(const Finished done, RunToEnd(place.user, std::move(argv), input));
  if (done.exit_code == 0) return {};
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("{} could not make the private database in {}: {}", program, place.folder,
                          LastLines(done.output)),
              "is there room on the disk, and is Debian's package of PostgreSQL whole?");
}

// All at once: a busy disk needs a minute for an fsync of each of a thousand files.
Status SyncDisk(const std::string& folder) {
  const FileDescriptor handle(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle || syncfs(handle.get()) != 0) return FileTrouble("cannot write to disk", folder);
  return {};
}

bool IsAnyoneIn(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    if (NumberIn(entry.path().filename().string()) == 0) continue;
    if (fs::read_symlink(entry.path() / "cwd", error) == folder) return true;
  }
  return false;
}

}  // namespace

Result<ServerPrograms> FindServerPrograms(const ServerPlace& place) {
  const int wanted = MajorOfData(place.Data());
  for (const auto& folder : ProgramFolders()) {
    ServerPrograms programs{(folder / "postgres").string(), (folder / "initdb").string()};
    if (access(programs.postgres.c_str(), X_OK) != 0 ||
        access(programs.initdb.c_str(), X_OK) != 0) {
      continue;
    }
    if (wanted == 0 || MajorOf(programs.postgres, place.user) == wanted) return programs;
  }
  if (wanted == 0) {
    return Fail(ErrorKind::kInvalidConfig, "`warehouse: embedded` needs PostgreSQL's programs",
                fmt::format("install Debian's package postgresql-{} (or add their folder to PATH), "
                            "or set `warehouse` to a server's address",
                            kUsualMajor));
  }
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("the private database needs PostgreSQL {}, which made it: {}", wanted,
                          place.Data()),
              fmt::format("install Debian's package postgresql-{}", wanted));
}

Status MakeCluster(const ServerPlace& place, const ServerPrograms& programs) {
  if (MajorOfData(place.Data()) != 0) return {};
  const std::string fresh = place.folder + "/data.new";
  std::error_code error;
  fs::remove_all(fresh, error);
  SLUICE_TRY(GiveFolder(fresh, place.user));
  SLUICE_TRY(RunStep(place, {programs.initdb, "-D", fresh, "-A", "trust", "-U", "sluice", "-E",
                             "UTF8", "--no-locale", "--no-sync"}));
  SLUICE_TRY(RunStep(place, {programs.postgres, "--single", "-F", "-D", fresh, "template1"},
                     "CREATE DATABASE sluice\n"));
  SLUICE_TRY(Configure(fresh));
  SLUICE_TRY(SyncDisk(fresh));
  if (rename(fresh.c_str(), place.Data().c_str()) != 0) {
    return FileTrouble("cannot move the private database to its place", place.Data());
  }
  return {};
}

Status ClearRemains(const ServerPlace& place) {
  const SteadyTime start = Now();
  while (IsAnyoneIn(place.Data())) {
    if (ElapsedMs(start) > kRemainsMs) {
      return Fail(ErrorKind::kRetryable,
                  fmt::format("a server that sluice did not start works in {}", place.Data()),
                  "stop it: pg_ctl stop -D, with that folder");
    }
    PauseFor(std::chrono::milliseconds(20), {});
  }
  unlink((place.Data() + "/postmaster.pid").c_str());
  return {};
}

}  // namespace sluice
