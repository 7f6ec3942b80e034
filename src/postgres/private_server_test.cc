#include "postgres/private_server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "core/clock.h"
#include "core/pause.h"
#include "postgres/cluster.h"
#include "postgres/file_lock.h"
#include "postgres/scratch_server.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string TellError(const auto& result) {
  return result ? "" : result.error().message;
}

// A process of its own that has the server open until it is killed.
class OtherUser {
 public:
  explicit OtherUser(const std::string& folder) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      const auto server = PrivateServer::Open(folder);
      const char verdict = server ? 'y' : 'n';
      if (write(ends[1], &verdict, 1) == 1) pause();
      _exit(1);
    }
    close(ends[1]);
    char verdict = 'n';
    opened_ = read(ends[0], &verdict, 1) == 1 && verdict == 'y';
    close(ends[0]);
  }
  ~OtherUser() { Kill(); }
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  bool opened() const { return opened_; }

 private:
  pid_t pid_ = -1;
  bool opened_ = false;
};

pid_t PostmasterPid(const std::string& folder) {
  std::ifstream file(folder + "/pg/data/postmaster.pid");
  pid_t pid = 0;
  file >> pid;
  return pid;
}

bool IsGone(pid_t pid) {
  for (const SteadyTime start = Now(); ElapsedMs(start) < 20'000;) {
    std::error_code error;
    // A zombie has no working folder.
    if (fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", error).empty()) return true;
    PauseFor(std::chrono::milliseconds(10), {});
  }
  return false;
}

pid_t ParentOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  pid_t parent = 0;
  file >> number >> name >> state >> parent;
  return parent;
}

class PrivateServerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto scratch = ScratchServer::Make();
    ASSERT_TRUE(scratch) << scratch.error().message << " " << scratch.error().hint;
    scratch_ = scratch->release();
  }
  static void TearDownTestSuite() { delete std::exchange(scratch_, nullptr); }
  const std::string& folder() { return scratch_->folder(); }
  Result<std::string> Ask(PrivateServer& server, std::string_view sql) {
    SLUICE_ASSIGN(const auto database, server.Database());
    SLUICE_ASSIGN(const auto session, database->Connect("private_server_test"));
    SLUICE_ASSIGN(const SqlRows rows, session->Query(sql));
    return rows.rows.empty() ? "" : rows.rows[0][0].value_or("null");
  }
  static ScratchServer* scratch_;
};
ScratchServer* PrivateServerTest::scratch_ = nullptr;

TEST_F(PrivateServerTest, ServesItsOwnDataFolderAndListensOnNoPort) {
  PrivateServer& server = scratch_->server();
  EXPECT_EQ(*Ask(server, "SHOW data_directory"), server.DataFolder());
  EXPECT_EQ(*Ask(server, "SHOW listen_addresses"), "");
  EXPECT_EQ(*Ask(server, "SELECT current_database() || ' ' || current_user"), "sluice sluice");
  struct stat status{};
  ASSERT_EQ(stat((folder() + "/pg/socket").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

TEST_F(PrivateServerTest, ProcessesShareOneServer) {
  OtherUser other(folder());
  ASSERT_TRUE(other.opened());
  const pid_t postmaster = PostmasterPid(folder());
  {
    const auto again = PrivateServer::Open(folder());
    ASSERT_TRUE(again) << TellError(again);
    EXPECT_EQ(PostmasterPid(folder()), postmaster);
  }
  EXPECT_TRUE(Ask(scratch_->server(), "DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT 7 AS x"));
  OtherUser third(folder());
  ASSERT_TRUE(third.opened());
  other.Kill();
  EXPECT_EQ(*Ask(scratch_->server(), "SELECT x FROM t"), "7");
  third.Kill();
  PauseFor(std::chrono::milliseconds(200), {});
  EXPECT_EQ(PostmasterPid(folder()), postmaster);
}

TEST(PrivateServerAloneTest, KilledOwnerLeavesNoOrphanAndLosesNothing) {
  auto folder = std::string("/tmp/sluice-killed-XXXXXX");
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ASSERT_EQ(chmod(folder.c_str(), 0711), 0);
  pid_t postmaster = 0;
  {
    OtherUser owner(folder), second(folder);
    ASSERT_TRUE(owner.opened() && second.opened());
    postmaster = PostmasterPid(folder);
    ASSERT_GT(postmaster, 0);
  }
  EXPECT_TRUE(IsGone(postmaster));
  {
    const auto server = PrivateServer::Open(folder);
    ASSERT_TRUE(server) << TellError(server);
    EXPECT_NE(PostmasterPid(folder), postmaster);
    const auto session = (*(*server)->Database())->Connect("test");
    ASSERT_TRUE(session) << TellError(session);
    EXPECT_EQ((*session)->Query("SHOW fsync")->rows[0][0], "on");
  }
  const auto stopped = FileLock::Wait(folder + "/pg/keeper.lock", LockMode::kExclusive, 30'000);
  EXPECT_TRUE(stopped) << TellError(stopped);
  fs::remove_all(folder);
}

TEST_F(PrivateServerTest, KilledPostmasterComesBackWithItsData) {
  ASSERT_TRUE(Ask(scratch_->server(), "DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT 42 AS x"));
  const pid_t postmaster = PostmasterPid(folder());
  kill(postmaster, SIGKILL);
  ASSERT_TRUE(IsGone(postmaster));
  const auto answer = Ask(scratch_->server(), "SELECT x FROM t");
  ASSERT_TRUE(answer) << TellError(answer);
  EXPECT_EQ(*answer, "42");
  EXPECT_NE(PostmasterPid(folder()), postmaster);
}

TEST_F(PrivateServerTest, KilledKeeperTakesItsServerAlongAndConnectBringsBothBack) {
  const pid_t postmaster = PostmasterPid(folder());
  const pid_t keeper = ParentOf(postmaster);
  ASSERT_GT(keeper, 1);
  kill(keeper, SIGKILL);
  EXPECT_TRUE(IsGone(postmaster));
  const auto answer = Ask(scratch_->server(), "SELECT 5");
  ASSERT_TRUE(answer) << TellError(answer);
  EXPECT_NE(ParentOf(PostmasterPid(folder())), keeper);
}

TEST_F(PrivateServerTest, KilledKeeperAndPostmasterAreNoObstacle) {
  const pid_t postmaster = PostmasterPid(folder());
  const pid_t keeper = ParentOf(postmaster);
  kill(keeper, SIGSTOP);
  kill(postmaster, SIGKILL);
  kill(keeper, SIGKILL);
  const auto answer = Ask(scratch_->server(), "SELECT 5");
  ASSERT_TRUE(answer) << TellError(answer);
}

TEST_F(PrivateServerTest, KeeperHoldsNothingOfItsCaller) {
  const pid_t keeper = ParentOf(PostmasterPid(folder()));
  size_t open_files = 0;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(keeper) + "/fd")) {
    const std::string target = fs::read_symlink(entry.path()).string();
    EXPECT_TRUE(target == "/dev/null" || target.starts_with(folder())) << target;
    ++open_files;
  }
  EXPECT_EQ(open_files, 5U);
  EXPECT_NE(getsid(keeper), getsid(0));
}

TEST_F(PrivateServerTest, SignalsToTheServiceLeaveTheKeeperAlone) {
  const pid_t postmaster = PostmasterPid(folder());
  kill(ParentOf(postmaster), SIGTERM);
  PauseFor(std::chrono::milliseconds(150), {});
  EXPECT_EQ(*Ask(scratch_->server(), "SELECT 1"), "1");
  EXPECT_EQ(PostmasterPid(folder()), postmaster);
}

// A state folder of its own, removed when its server has stopped.
class StateFolder {
 public:
  explicit StateFolder(std::string path) : path_(std::move(path)) { fs::create_directories(path_); }
  ~StateFolder() {
    const auto stopped = FileLock::Wait(path_ + "/pg/keeper.lock", LockMode::kExclusive, 30'000);
    fs::remove_all(path_);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string TemporaryFolder(mode_t mode) {
  std::string folder = "/tmp/sluice-test-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr || chmod(folder.c_str(), mode) != 0) return "";
  return folder;
}

TEST(PrivateServerAloneTest, OpenWhileTheServerStopsGetsARunningOne) {
  const StateFolder state(TemporaryFolder(0711));
  for (const int wait_ms : {0, 20, 60, 100, 150, 250}) {
    {
      ASSERT_TRUE(PrivateServer::Open(state.path()));
    }
    PauseFor(std::chrono::milliseconds(wait_ms), {});
    const auto server = PrivateServer::Open(state.path());
    ASSERT_TRUE(server) << TellError(server);
    const auto session = (*(*server)->Database())->Connect("test");
    ASSERT_TRUE(session) << TellError(session);
    EXPECT_TRUE((*session)->Query("SELECT 1"));
  }
}

// Inserts rows and tells of each after its commit, until it is killed.
pid_t StartWriter(const std::string& folder, int told) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const auto server = PrivateServer::Open(folder);
  const auto database = server ? (*server)->Database() : Fail(Error{});
  for (auto session = database ? (*database)->Connect("writer") : Fail(Error{}); session;) {
    if (!(*session)->Query("INSERT INTO t VALUES (1)") || write(told, "x", 1) != 1) break;
  }
  _exit(1);
}

TEST(PrivateServerAloneTest, WritersThatComeAndAreKilledLoseNothingCommitted) {
  const StateFolder state(TemporaryFolder(0711));
  int told[2];
  ASSERT_EQ(pipe2(told, O_CLOEXEC | O_NONBLOCK), 0);
  {
    const auto server = PrivateServer::Open(state.path());
    ASSERT_TRUE(server) << TellError(server);
    ASSERT_TRUE((*(*(*server)->Database())->Connect("x"))->Query("CREATE TABLE t (x int)"));
  }
  for (int round = 0; round < 8; ++round) {
    const pid_t writers[] = {StartWriter(state.path(), told[1]),
                             StartWriter(state.path(), told[1])};
    PauseFor(std::chrono::milliseconds(round * 40), {});
    for (const pid_t writer : writers) {
      kill(writer, SIGKILL);
      waitpid(writer, nullptr, 0);
    }
    PauseFor(std::chrono::milliseconds(round % 3 * 60), {});
  }
  int64_t committed = 0;
  char told_rows[4096];
  for (ssize_t got; (got = read(told[0], told_rows, sizeof told_rows)) > 0;) committed += got;
  const auto server = PrivateServer::Open(state.path());
  ASSERT_TRUE(server) << TellError(server);
  const auto session = (*(*server)->Database())->Connect("x");
  ASSERT_TRUE(session) << TellError(session);
  const auto rows = (*session)->Query(
      "SELECT count(*) >= $1::bigint, count(*) <= $1::bigint + 16, "
      "count(*) FROM t",
      std::vector<SqlValue>{std::to_string(committed)});
  EXPECT_EQ(rows->rows[0][0], "t")
      << committed << " were told, " << *rows->rows[0][2] << " are there";
  EXPECT_EQ(rows->rows[0][1], "t")
      << committed << " were told, " << *rows->rows[0][2] << " are there";
  close(told[0]);
  close(told[1]);
}

TEST(PrivateServerAloneTest, LongOrOddPathsGetAShortSocketFolder) {
  const std::string root = TemporaryFolder(0711);
  for (const std::string& name : {std::string(120, 'x'), std::string("a,b 'c' \"d\" é")}) {
    const StateFolder state(root + "/" + name + "/.sluice");
    const auto server = PrivateServer::Open(state.path());
    ASSERT_TRUE(server) << TellError(server);
    const auto database = (*server)->Database();
    const auto session = (*database)->Connect("test");
    ASSERT_TRUE(session) << TellError(session);
    std::ifstream pointer(state.path() + "/pg/socket.place");
    std::string socket_folder;
    std::getline(pointer, socket_folder);
    EXPECT_THAT((*server)->Conninfo(), HasSubstr("host='" + socket_folder + "'"));
    fs::remove_all(socket_folder);
  }
  fs::remove_all(root);
}

TEST(PrivateServerAloneTest, RootPutsDataWhereTheServersUserCanGo) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives up rights";
  const std::string home = TemporaryFolder(0700);
  const std::string state = home + "/project/.sluice";
  std::string data;
  for (int round = 0; round < 2; ++round) {
    const auto server = PrivateServer::Open(state);
    ASSERT_TRUE(server) << TellError(server);
    EXPECT_FALSE((*server)->DataFolder().starts_with(home));
    EXPECT_TRUE(data.empty() || data == (*server)->DataFolder());
    data = (*server)->DataFolder();
  }
  const fs::path place = fs::path(data).parent_path();
  // A copy of the project must not share the database; a moved one keeps it.
  fs::copy(home + "/project", home + "/copy", fs::copy_options::recursive);
  std::string copied;
  {
    const auto server = PrivateServer::Open(home + "/copy/.sluice");
    ASSERT_TRUE(server) << TellError(server);
    copied = fs::path((*server)->DataFolder()).parent_path();
    EXPECT_NE(copied, place);
  }
  fs::rename(home + "/project", home + "/moved");
  {
    const auto server = PrivateServer::Open(home + "/moved/.sluice");
    ASSERT_TRUE(server) << TellError(server);
    EXPECT_EQ((*server)->DataFolder(), data);
  }
  for (const fs::path& folder : {place, fs::path(copied)}) {
    const auto stopped = FileLock::Wait(folder / "keeper.lock", LockMode::kExclusive, 30'000);
    EXPECT_TRUE(stopped);
    fs::remove_all(folder);
  }
  fs::remove_all(home);
}

TEST(PrivateServerAloneTest, ABrokenClusterIsToldFromItsLog) {
  const StateFolder state(TemporaryFolder(0711));
  {
    ASSERT_TRUE(PrivateServer::Open(state.path()));
  }
  {
    const auto stopped =
        FileLock::Wait(state.path() + "/pg/keeper.lock", LockMode::kExclusive, 30'000);
  }
  std::ofstream(state.path() + "/pg/data/postgresql.conf", std::ios::app) << "no_such = 1\n";
  const auto server = PrivateServer::Open(state.path());
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind, ErrorKind::kRetryable);
  EXPECT_THAT(server.error().message, HasSubstr("configuration file"));
}

TEST(PrivateServerAloneTest, MissingProgramsNameThePackage) {
  const std::string folder = TemporaryFolder(0711);
  const StateFolder state(folder);
  fs::create_directories(folder + "/data");
  std::ofstream(folder + "/data/PG_VERSION") << "9\n";
  const auto programs = FindServerPrograms({folder, {}});
  ASSERT_FALSE(programs);
  EXPECT_EQ(programs.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_THAT(programs.error().hint, HasSubstr("postgresql-9"));
}

}  // namespace
}  // namespace sluice
