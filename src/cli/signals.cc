#include "cli/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "core/error.h"

namespace sluice::cli {
namespace {

std::atomic<int> g_write_end{-1};

void OnSignal(int) {
  const int saved = errno;
  const char byte = 's';
  // Nothing can be done in a handler when the pipe is full: then many signals came already.
  [[maybe_unused]] const ssize_t written = write(g_write_end.load(), &byte, 1);
  errno = saved;
}

void SetHandler(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

StopOnSignal::StopOnSignal() {
  if (pipe2(pipe_, O_CLOEXEC) != 0) return;
  g_write_end = pipe_[1];
  thread_ = std::thread([this] {
    char byte = 0;
    for (int signals = 0; read(pipe_[0], &byte, 1) == 1 && byte == 's';) {
      if (++signals > 1) _exit(ExitCode(ErrorKind::kShutdown));
      stop_.request_stop();
    }
  });
  SetHandler(OnSignal);
}

StopOnSignal::~StopOnSignal() {
  SetHandler(SIG_DFL);
  if (!thread_.joinable()) return;
  const char byte = 'e';
  [[maybe_unused]] const ssize_t written = write(pipe_[1], &byte, 1);
  thread_.join();
  close(pipe_[0]);
  close(pipe_[1]);
}

}  // namespace sluice::cli
