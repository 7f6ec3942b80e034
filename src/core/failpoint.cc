#include "core/failpoint.h"

#ifdef SLUICE_FAILPOINTS

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "core/log.h"
#include "core/pause.h"

namespace sluice {
namespace {

using Action = FailpointRule::Action;

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <typename T>
bool Read(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<Action> ActionOf(std::string_view name) {
  if (name == "kill") return Action::kKill;
  if (name == "stop") return Action::kStop;
  if (name == "delay") return Action::kDelay;
  if (name == "error") return Action::kError;
  return std::nullopt;
}

std::optional<ErrorKind> KindOf(std::string_view name) {
  for (const ErrorKind kind : {ErrorKind::kRetryable, ErrorKind::kCommitUnknown, ErrorKind::kFenced,
                               ErrorKind::kBadData, ErrorKind::kInvariant, ErrorKind::kFatal}) {
    if (Name(kind) == name) return kind;
  }
  return std::nullopt;
}

bool ReadArgument(std::string_view text, FailpointRule& rule) {
  if (rule.action == Action::kDelay) return Read(text, rule.delay_ms);
  if (text.empty()) return true;
  if (rule.action != Action::kError) return false;
  const auto kind = KindOf(text);
  if (kind) rule.error = *kind;
  return kind.has_value();
}

Result<FailpointRule> ParseRule(std::string_view text) {
  std::vector<std::string_view> parts = Split(text, ':');
  const size_t given = parts.size();
  parts.resize(6);
  FailpointRule rule{.name = std::string(parts[0])};
  const auto action = ActionOf(parts[1]);
  uint64_t seed = 0;
  bool good = given >= 4 && given <= 6 && action && !rule.name.empty();
  if (good) rule.action = *action;
  good = good && Read(parts[2], rule.probability) && Read(parts[3], seed) &&
         ReadArgument(parts[4], rule) && (given < 6 || Read(parts[5], rule.times_left));
  if (!good) {
    return Fail(ErrorKind::kUsage, fmt::format("FP: `{}` is no rule", text),
                "name:kill|stop|delay|error:probability:seed[:argument[:times]]");
  }
  rule.random.seed(seed);
  return rule;
}

bool Matches(const FailpointRule& rule, std::string_view name) {
  std::string_view pattern = rule.name;
  if (!pattern.ends_with('*')) return pattern == name;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

Status Act(Action action, int64_t delay_ms, ErrorKind kind, std::string_view name) {
  switch (action) {
    case Action::kKill:
      kill(getpid(), SIGKILL);
      break;
    case Action::kStop:
      kill(getpid(), SIGSTOP);
      break;
    case Action::kDelay:
      PauseFor(std::chrono::milliseconds(delay_ms), {});
      break;
    case Action::kError:
      return Fail(kind, fmt::format("failpoint {}", name));
  }
  return {};
}

std::vector<FailpointRule> RulesOfEnvironment() {
  const char* const text = getenv("FP");
  if (text == nullptr || *text == '\0') return {};
  auto rules = ParseFailpoints(text);
  if (rules) return *std::move(rules);
  // A test that believes in faults that never come proves nothing.
  LogError("the environment variable FP is wrong", rules.error());
  std::abort();
}

Failpoints& FromEnvironment() {
  static Failpoints failpoints(RulesOfEnvironment());
  return failpoints;
}

}  // namespace

Result<std::vector<FailpointRule>> ParseFailpoints(std::string_view text) {
  std::vector<FailpointRule> rules;
  for (const std::string_view part : Split(text, ',')) {
    SLUICE_ASSIGN(FailpointRule rule, ParseRule(part));
    rules.push_back(std::move(rule));
  }
  return rules;
}

Status Failpoints::Hit(std::string_view name) {
  std::unique_lock lock(mutex_);
  const auto rule =
      std::ranges::find_if(rules_, [&](const auto& candidate) { return Matches(candidate, name); });
  if (rule == rules_.end() || rule->times_left <= 0) return {};
  if (std::uniform_real_distribution<double>(0, 1)(rule->random) >= rule->probability) return {};
  --rule->times_left;
  const auto [action, delay_ms, kind] = std::tuple(rule->action, rule->delay_ms, rule->error);
  lock.unlock();
  Log(LogLevel::kWarn, "failpoint", {{"name", std::string(name)}});
  return Act(action, delay_ms, kind, name);
}

Status HitFailpoint(std::string_view name, std::string_view where) {
  if (where.empty()) return FromEnvironment().Hit(name);
  return FromEnvironment().Hit(fmt::format("{}.{}", name, where));
}

}  // namespace sluice

#endif
