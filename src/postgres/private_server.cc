#include "postgres/private_server.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>

#include "core/clock.h"
#include "core/pause.h"
#include "core/text.h"
#include "postgres/cluster.h"
#include "postgres/conninfo.h"
#include "postgres/database.h"
#include "postgres/file_lock.h"
#include "postgres/keeper.h"
#include "postgres/server_place.h"

namespace sluice {
namespace {

constexpr int64_t kStartLockMs = 120'000;  // another process may be making the cluster
constexpr int64_t kUsersLockMs = 40'000;   // a keeper may be stopping the server
constexpr int64_t kStartMs = 60'000;
constexpr int kStartTurns = 3;
constexpr int64_t kRecoveryMs = 600'000;
constexpr std::string_view kStartingUp = "57P03";

std::string ConninfoFor(const ServerPlace& place) {
  return SpellConninfo({{"host", place.SocketFolder()},
                        {"port", "5432"},
                        {"user", "sluice"},
                        {"dbname", "sluice"},
                        {"sslmode", "disable"}});
}

// The setting's list is split at commas unless quoted.
std::vector<std::string> PostmasterCommand(const ServerPlace& place,
                                           const ServerPrograms& programs) {
  return {programs.postgres,
          "-D",
          place.Data(),
          "-c",
          "listen_addresses=",
          "-c",
          "port=5432",
          "-c",
          "unix_socket_directories=" + QuoteIdentifier(place.SocketFolder()),
          "-c",
          "unix_socket_permissions=0700"};
}

std::string LastLogLine(const ServerPlace& place) {
  std::ifstream file(place.Log());
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

bool IsSameFolder(const std::string& a, const std::string& b) {
  struct stat first{}, second{};
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// Nothing may be written before it is sure whose server answers.
Status CheckServer(const ServerPlace& place, SqlSession& session) {
  SLUICE_ASSIGN(const SqlRows rows, session.Query("SHOW data_directory"));
  const std::string shown = rows.rows.at(0).at(0).value_or("");
  if (IsSameFolder(shown, place.Data())) return {};
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("another server answers at the private database's socket: it serves {}, "
                          "not {}",
                          shown, place.Data()),
              "stop all sluice processes of both folders, then try again");
}

// Starts a keeper with its server where none is and returns whether it did; the caller holds the
// start lock.
Result<bool> StartIfStopped(const ServerPlace& place) {
  SLUICE_ASSIGN(std::optional<FileLock> lock,
                FileLock::Try(place.KeeperLock(), LockMode::kExclusive));
  if (!lock) return false;
  SLUICE_TRY(ClearRemains(place));
  SLUICE_ASSIGN(const ServerPrograms programs, FindServerPrograms(place));
  SLUICE_TRY(MakeCluster(place, programs));
  SLUICE_TRY(PrepareSocketFolder(place));
  SLUICE_TRY(StartKeeper(place, PostmasterCommand(place, programs), *std::move(lock)));
  return true;
}

Result<std::unique_ptr<SqlSession>> AwaitSession(const ServerPlace& place) {
  SLUICE_ASSIGN(const auto database, MakeDatabase(ConninfoFor(place)));
  for (const SteadyTime start = Now();;) {
    auto session = database->Connect("sluice:start");
    if (session || session.error().kind != ErrorKind::kRetryable) return session;
    const int64_t limit = session.error().code == kStartingUp ? kRecoveryMs : kStartMs;
    SLUICE_ASSIGN(const auto free, FileLock::Try(place.KeeperLock(), LockMode::kExclusive));
    if (free || ElapsedMs(start) > limit) {
      return Fail(ErrorKind::kRetryable,
                  fmt::format("the private database did not start: {}", LastLogLine(place)),
                  fmt::format("see {}", place.Log()));
    }
    PauseFor(std::chrono::milliseconds(5), {});
  }
}

// Makes sure of a running server with our database; the caller holds the start lock.
Status EnsureRunning(const ServerPlace& place) {
  for (int turn = 1;; ++turn) {
    SLUICE_ASSIGN(const bool started, StartIfStopped(place));
    auto session = AwaitSession(place);
    if (session) return CheckServer(place, **session);
    // A keeper that was there before may have died since: then it takes one of our own.
    const bool again =
        !started && turn < kStartTurns && session.error().kind == ErrorKind::kRetryable;
    if (!again) return Fail(std::move(session).error());
  }
}

class Server : public PrivateServer {
 public:
  Server(std::string start_lock, ServerPlace place, FileLock users)
      : start_lock_(std::move(start_lock)), place_(std::move(place)), users_(std::move(users)) {}

  std::string Conninfo() const override { return ConninfoFor(place_); }
  std::string DataFolder() const override { return place_.Data(); }
  Result<std::unique_ptr<SqlDatabase>> Database() override;

  Status Revive() {
    SLUICE_ASSIGN(const auto lock, FileLock::Wait(start_lock_, LockMode::kExclusive, kStartLockMs));
    return EnsureRunning(place_);
  }

 private:
  const std::string start_lock_;
  const ServerPlace place_;
  const FileLock users_;
};

// Sessions of the private server; a server that is gone is brought back first.
class PrivateDatabase : public SqlDatabase {
 public:
  explicit PrivateDatabase(Server& server) : server_(server) {}

  Result<std::unique_ptr<SqlSession>> Connect(std::string_view name) override {
    auto session = ConnectOnce(name);
    if (session || session.error().kind != ErrorKind::kRetryable) return session;
    SLUICE_TRY(server_.Revive());
    return ConnectOnce(name);
  }

  std::string Address() const override { return server_.Conninfo(); }

 private:
  Result<std::unique_ptr<SqlSession>> ConnectOnce(std::string_view name) {
    SLUICE_ASSIGN(const auto database, MakeDatabase(server_.Conninfo()));
    return database->Connect(name);
  }

  Server& server_;
};

Result<std::unique_ptr<SqlDatabase>> Server::Database() {
  return std::make_unique<PrivateDatabase>(*this);
}

}  // namespace

Result<std::unique_ptr<PrivateServer>> PrivateServer::Open(const std::string& state_folder) {
  SLUICE_ASSIGN(const std::string pg_folder, MakePgFolder(state_folder));
  std::string start_lock = pg_folder + "/start.lock";
  SLUICE_ASSIGN(const auto lock, FileLock::Wait(start_lock, LockMode::kExclusive, kStartLockMs));
  SLUICE_ASSIGN(ServerPlace place, FindPlace(pg_folder));
  SLUICE_ASSIGN(auto users, FileLock::Wait(place.UsersLock(), LockMode::kShared, kUsersLockMs));
  SLUICE_TRY(EnsureRunning(place));
  return std::make_unique<Server>(std::move(start_lock), std::move(place), std::move(users));
}

}  // namespace sluice
