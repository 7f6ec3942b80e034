#include "core/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <vector>

#include "core/text.h"

namespace sluice {
namespace {

constexpr size_t kLineBytes = 8192;
LogFormat g_format = LogFormat::kText;

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("sluice",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *logger;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string AsText(LogLevel level, std::string_view event, const std::vector<LogField>& fields) {
  std::string line = "sluice: ";
  if (level != LogLevel::kInfo) line.append(LevelName(level)).append(": ");
  line.append(EscapeControl(event));
  for (const auto& field : fields) {
    line.append("  ").append(field.name).append("=").append(EscapeControl(field.value));
  }
  return line;
}

std::string AsJson(LogLevel level, std::string_view event, const std::vector<LogField>& fields) {
  std::string line = "{\"level\":" + JsonQuote(LevelName(level)) + ",\"event\":" + JsonQuote(event);
  for (const auto& field : fields) {
    line.append(",")
        .append(JsonQuote(field.name))
        .append(":")
        .append(JsonQuote(CutUtf8(field.value, kLineBytes / 4)));
  }
  return line + "}";
}

void Write(LogLevel level, std::string_view event, const std::vector<LogField>& fields) {
  const auto spdlog_level = ToSpdlog(level);
  if (!Logger().should_log(spdlog_level)) return;
  std::string line =
      g_format == LogFormat::kJson ? AsJson(level, event, fields) : AsText(level, event, fields);
  if (g_format == LogFormat::kText) line = CutUtf8(line, kLineBytes);
  Logger().log(spdlog_level, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void ConfigureLog(LogLevel least, LogFormat format) {
  g_format = format;
  Logger().set_level(ToSpdlog(least));
  Logger().flush_on(spdlog::level::debug);
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  Write(level, event, std::vector<LogField>(fields));
}

void LogError(std::string_view event, const Error& error) {
  std::vector<LogField> fields{{"error", error.message}, {"kind", std::string(Name(error.kind))}};
  if (!error.code.empty()) fields.push_back({"code", error.code});
  if (!error.hint.empty()) fields.push_back({"hint", error.hint});
  Write(LogLevel::kError, event, fields);
}

}  // namespace sluice
