#include "core/error.h"

namespace sluice {

int ExitCode(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return 64;
    case ErrorKind::kInvalidConfig:
      return 78;
    case ErrorKind::kBadInput:
      return 65;
    case ErrorKind::kBadData:
      return 65;
    case ErrorKind::kRetryable:
      return 69;
    case ErrorKind::kCommitUnknown:
      return 75;
    case ErrorKind::kFenced:
      return 75;
    case ErrorKind::kInvariant:
      return 70;
    case ErrorKind::kFatal:
      return 2;
    case ErrorKind::kShutdown:
      return 75;
  }
  return 2;
}

std::string_view Name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kInvalidConfig:
      return "invalid_config";
    case ErrorKind::kBadInput:
      return "bad_input";
    case ErrorKind::kBadData:
      return "bad_data";
    case ErrorKind::kRetryable:
      return "retryable";
    case ErrorKind::kCommitUnknown:
      return "commit_unknown";
    case ErrorKind::kFenced:
      return "fenced";
    case ErrorKind::kInvariant:
      return "invariant";
    case ErrorKind::kFatal:
      return "fatal";
    case ErrorKind::kShutdown:
      return "shutdown";
  }
  return "fatal";
}

}  // namespace sluice
