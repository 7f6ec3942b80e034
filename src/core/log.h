#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

/// One named value of a log line.
struct LogField {
  std::string_view name;
  std::string value;
};

/// Sets where the process-wide log goes: stderr, as text for people or one JSON object a line.
/// Call once, before threads start.
void ConfigureLog(LogLevel least, LogFormat format);

/// Writes one line. `event` is stable text; what varies is in the fields. Thread-safe; control
/// bytes are escaped, a line is cut at 8 KiB.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

/// Writes one line for a failure, with kind, code and hint as fields.
void LogError(std::string_view event, const Error& error);

}  // namespace sluice
