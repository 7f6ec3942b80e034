#include "gold/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "core/types.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class ChildProcessTest : public testing::Test {
 protected:
  ChildProcessTest() : folder_(fs::temp_directory_path() / ("sluice-" + Uuid::Random().value)) {
    fs::create_directories(folder_);
  }
  ~ChildProcessTest() override { fs::remove_all(folder_); }

  Result<std::unique_ptr<ChildProcess>> Shell(const std::string& script, int64_t leave_ms = 2000) {
    return ChildProcess::Make({.command = {"/bin/sh", "-c", script},
                               .environment = {"PATH=/usr/bin:/bin", "COLOUR=blue"},
                               .stderr_file = folder_ / "stderr",
                               .max_line_bytes = 100'000,
                               .leave_ms = leave_ms});
  }
  // The orphan is reaped by whoever adopted it, at once or never: a zombie has ended too.
  static bool Ends(pid_t pid) {
    const auto stat = fmt::format("/proc/{}/stat", pid);
    for (int i = 0; i < 1000; ++i) {
      std::ifstream file(stat);
      std::string number, name, state;
      if (!(file >> number >> name >> state) || state == "Z" || state == "X") return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
  static SteadyTime Soon() { return Now() + milliseconds(10'000); }

  fs::path folder_;
};

TEST_F(ChildProcessTest, TalksInLines) {
  auto child = Shell("while read -r line; do echo \"$line $COLOUR\"; echo; done");
  ASSERT_TRUE(child);
  ASSERT_TRUE((*child)->WriteLine("one", Soon()));
  ASSERT_TRUE((*child)->WriteLine("two", Soon()));
  EXPECT_EQ((*child)->ReadLine(Soon(), {}), "one blue");
  EXPECT_EQ((*child)->ReadLine(Soon(), {}), "");
  EXPECT_EQ((*child)->ReadLine(Soon(), {}), "two blue");
  EXPECT_FALSE((*child)->HasLeft());
}

TEST_F(ChildProcessTest, InheritsNothing) {
  const int open_file = open("/dev/null", O_RDONLY);  // without O_CLOEXEC, on purpose
  auto child = Shell("ls /proc/self/fd | wc -l; ps -o pgid= -p $$ | tr -d ' '");
  ASSERT_TRUE(child);
  EXPECT_EQ((*child)->ReadLine(Soon(), {}), "4");  // three, and the folder that ls reads
  EXPECT_EQ((*child)->ReadLine(Soon(), {}), std::to_string((*child)->pid()));
  close(open_file);
}

TEST_F(ChildProcessTest, SaysThatTheProcessHasEnded) {
  auto child = Shell("echo last words >&2; exit 3");
  ASSERT_TRUE(child);
  const auto line = (*child)->ReadLine(Soon(), {});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().kind, ErrorKind::kRetryable);
  EXPECT_EQ(line.error().code, "child_gone");
  EXPECT_TRUE((*child)->HasLeft());
  const auto written = (*child)->WriteLine("anyone?", Soon());
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, "child_gone");
  std::ifstream words(folder_ / "stderr");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(words), {}), "last words\n");
}

TEST_F(ChildProcessTest, GivesUpOnSilence) {
  auto child = Shell("sleep 60", 0);
  ASSERT_TRUE(child);
  const auto line = (*child)->ReadLine(Now() + milliseconds(100), {});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, "child_silent");
  const std::string much(1 << 20, 'x');
  const auto written = (*child)->WriteLine(much, Now() + milliseconds(100));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, "child_silent");
}

TEST_F(ChildProcessTest, HearsAStopRequest) {
  auto child = Shell("sleep 60", 0);
  ASSERT_TRUE(child);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ((*child)->ReadLine(Soon(), stop.get_token()).error().kind, ErrorKind::kShutdown);
}

TEST_F(ChildProcessTest, BoundsALine) {
  auto child = Shell("head -c 300000 /dev/zero; sleep 60", 0);
  ASSERT_TRUE(child);
  EXPECT_EQ((*child)->ReadLine(Soon(), {}).error().kind, ErrorKind::kFatal);
}

TEST_F(ChildProcessTest, EndsTheWholeGroup) {
  auto child = Shell("sleep 60 & echo $!; trap '' TERM; wait; sleep 60", 50);
  ASSERT_TRUE(child);
  const pid_t grandchild = std::stoi(*(*child)->ReadLine(Soon(), {}));
  const pid_t pid = (*child)->pid();
  child->reset();
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_TRUE(Ends(grandchild));
}

TEST_F(ChildProcessTest, LetsTheProcessLeaveByItself) {
  const auto mark = folder_ / "left";
  auto child = Shell("echo up; read -r line; echo bye > " + mark.string());
  ASSERT_TRUE(child);
  EXPECT_EQ((*child)->ReadLine(Soon(), {}), "up");
  child->reset();
  EXPECT_TRUE(fs::exists(mark));
}

TEST_F(ChildProcessTest, NamesAProgramThatIsNotThere) {
  const auto child = ChildProcess::Make(
      {.command = {"/no/such/program"}, .environment = {}, .stderr_file = folder_ / "stderr"});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_NE(child.error().message.find("/no/such/program"), std::string::npos);
}

}  // namespace
}  // namespace sluice
