#pragma once

#include <string>
#include <string_view>

namespace sluice {

/// Says what the caller should do next; never inferred from a message's text.
enum class ErrorKind {
  kUsage,          ///< The command line is wrong: show it, exit 64.
  kInvalidConfig,  ///< The pipeline file or the environment it names is wrong: refuse to start, 78.
  kBadInput,       ///< A file the user gave is broken: say where, exit 65.
  kBadData,        ///< A record cannot become a row: quarantine it, go on.
  kRetryable,      ///< A service is away or busy, nothing was done: try the same again, later.
  kCommitUnknown,  ///< COMMIT was sent and its reply lost: read the ledger back before acting.
  kFenced,         ///< Another worker owns the partition: drop what is held, claim anew.
  kInvariant,      ///< Something that must hold does not: stop, exit 70.
  kFatal,          ///< No retry can help: stop this work and tell the operator, exit 2.
  kShutdown,       ///< Asked to stop: leave in order, exit 75 when not cleanly committed.
};

/// A failure as a value.
struct Error {
  ErrorKind kind = ErrorKind::kFatal;
  std::string message;  ///< Stable text first, values last.
  std::string hint{};   ///< The cure, naming the option; may be empty.
  std::string code{};   ///< Machine name: `E0107`, a SQLSTATE, `source_data_lost`; may be empty.
};

/// Returns the process exit code of product.md for an error that ends the program.
int ExitCode(ErrorKind kind);

/// Returns the kind's name for logs and JSON: `retryable`, `fenced`, ….
std::string_view Name(ErrorKind kind);

}  // namespace sluice
