#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace sluice {

/// Whom PostgreSQL's programs run as. Root must become somebody else for them.
struct ServerUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  bool drop = false;  ///< we are root and must give it up
};

struct Finished {
  int exit_code = -1;  ///< 128 + the signal's number for a killed program
  std::string output;  ///< stdout and stderr, cut at 64 KiB
};

/// What exec needs, made before fork, because a child of a threaded program may not allocate.
class ExecImage {
 public:
  explicit ExecImage(std::vector<std::string> argv);
  ExecImage(const ExecImage&) = delete;
  ExecImage& operator=(const ExecImage&) = delete;
  /// Becomes the program; returns only when that failed. Async-signal-safe.
  void Exec() const;

 private:
  std::vector<std::string> argv_, env_;
  std::vector<char*> argv_pointers_, env_pointers_;
};

/// Returns the absolute folders of PATH.
std::vector<std::string> ProgramPath();

/// Gives up root for good when the user says so. Async-signal-safe, for a child after fork: by
/// system calls, since the library's own calls look for other threads.
bool BecomeUser(const ServerUser& user);

/// Sets every signal to its default and unblocks all. Async-signal-safe.
void ResetSignals();

/// Runs a program to its end from folder /, with a minimal environment and `input` as its stdin.
Result<Finished> RunToEnd(const ServerUser& user, std::vector<std::string> argv,
                          std::string_view input = {}, int64_t limit_ms = 120'000);

/// Returns whether the user can go into the folder.
bool CanEnter(const ServerUser& user, const std::string& folder);

}  // namespace sluice
