#include "postgres/sql_error.h"

#include <algorithm>
#include <array>

namespace sluice {
namespace {

bool IsSqlState(std::string_view text) {
  return text.size() == 5 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

}  // namespace

ErrorKind KindOfSqlState(std::string_view sqlstate) {
  constexpr std::array<std::string_view, 2> kBad{"22", "23"};
  constexpr std::array<std::string_view, 4> kAway{"08", "40", "53", "57"};
  const std::string_view group = sqlstate.substr(0, 2);
  if (std::ranges::find(kBad, group) != kBad.end()) return ErrorKind::kBadData;
  if (std::ranges::find(kAway, group) != kAway.end()) return ErrorKind::kRetryable;
  if (sqlstate == "55P03" || sqlstate == "25006") return ErrorKind::kRetryable;
  if (sqlstate == kNoRight) return ErrorKind::kInvalidConfig;
  return ErrorKind::kFatal;
}

ErrorKind KindOfRefusal(std::string_view sqlstate) {
  const bool away = KindOfSqlState(sqlstate) == ErrorKind::kRetryable;
  return away ? ErrorKind::kRetryable : ErrorKind::kInvalidConfig;
}

bool IsTlsRefusal(std::string_view message) {
  constexpr std::array<std::string_view, 6> kWords{
      "certificate", "private key file",    "does not support SSL", "channel binding",
      "alert",       "wrong version number"};
  return std::ranges::any_of(kWords, [&](std::string_view words) {
    return message.find(words) != std::string_view::npos;
  });
}

std::string TakeSqlState(std::string& message) {
  constexpr std::string_view kBefore = ":  ";
  std::string sqlstate;
  for (size_t at = message.find(kBefore); at != std::string::npos;
       at = message.find(kBefore, at + 1)) {
    const size_t start = at + kBefore.size();
    if (!IsSqlState(std::string_view(message).substr(start, 5)) ||
        message.compare(start + 5, 2, ": ") != 0) {
      continue;
    }
    sqlstate = message.substr(start, 5);
    message.erase(start - 1, 7);
  }
  if (const size_t source = message.find("\nLOCATION:"); source != std::string::npos) {
    message.erase(source);
  }
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return sqlstate;
}

}  // namespace sluice
