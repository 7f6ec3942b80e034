#pragma once

#include <sys/types.h>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace sluice {

struct ChildOptions {
  std::vector<std::string> command;      ///< the program's path first
  std::vector<std::string> environment;  ///< all of it, `NAME=value`
  std::string stderr_file;               ///< emptied at start
  size_t max_line_bytes = 16 << 20;
  int64_t leave_ms = 4'000;  ///< for leaving by itself before it is killed
};

/// A process that talks in lines on its stdin and stdout, which are one socket: when we die, it
/// reads the end. It is a process group of its own (the terminal's Ctrl-C is not for it) and
/// inherits no other file. Used by one thread.
class ChildProcess {
 public:
  /// FailsWith kInvalidConfig when the program cannot be run, kRetryable when resources ran out.
  static Result<std::unique_ptr<ChildProcess>> Make(ChildOptions options);
  /// Closes the socket, waits for the process to leave, kills its group if it does not.
  ~ChildProcess();

  /// FailsWith kRetryable when the process is gone or does not read until `deadline`.
  Status WriteLine(std::string_view line, SteadyTime deadline);
  /// Returns the next line without its end. FailsWith kRetryable (code `child_gone`,
  /// `child_silent`) when the process is gone or says nothing until `deadline`, kShutdown when
  /// asked to stop.
  Result<std::string> ReadLine(SteadyTime deadline, std::stop_token stop);
  /// Returns whether the process has closed its end, which it only does by ending.
  bool HasLeft() const;
  pid_t pid() const { return pid_; }

 private:
  ChildProcess(ChildOptions options, pid_t pid, int socket);
  Status WaitFor(short events, SteadyTime deadline, const std::stop_token& stop) const;

  ChildOptions options_;
  pid_t pid_;
  int socket_;
  std::string received_;
};

}  // namespace sluice
