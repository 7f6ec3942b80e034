#include "gold/dbt_result.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace sluice {
namespace {

using nlohmann::json;

NodeResult ToNode(const json& node) {
  NodeResult result{.unique_id = node.at("unique_id"),
                    .name = node.at("name"),
                    .kind = node.at("kind"),
                    .status = node.at("status"),
                    .message = node.at("message"),
                    .seconds = node.at("seconds")};
  if (!node.at("failures").is_null()) result.failures = node.at("failures").get<int64_t>();
  return result;
}

void Count(BuildResult& build, const NodeResult& node) {
  build.models += node.kind == "model";
  build.tests += node.kind == "test" || node.kind == "unit_test";
  build.passed += node.status == "pass" || node.status == "success";
  build.warned += node.status == "warn";
  build.failed += node.status == "fail";
  build.errored +=
      node.status == "error" || node.status == "runtime error" || node.status == "partial success";
  build.skipped += node.status == "skipped";
}

BuildResult ToBuild(const json& event) {
  BuildResult build{.ok = event.at("ok"),
                    .seconds = event.at("seconds"),
                    .started_at = event.at("started_at"),
                    .invocation_id = event.at("invocation_id")};
  for (const auto& node : event.at("nodes")) {
    build.nodes.push_back(ToNode(node));
    Count(build, build.nodes.back());
  }
  return build;
}

ErrorKind KindOf(const std::string& name) {
  if (name == "config") return ErrorKind::kInvalidConfig;
  if (name == "retryable") return ErrorKind::kRetryable;
  return ErrorKind::kFatal;
}

DbtEvent ToEvent(const json& event) {
  const std::string name = event.at("event");
  if (name == "node") return ToNode(event);
  if (name == "result") return ToBuild(event);
  if (name == "parsed") return DbtParsed{event.at("manifest")};
  return Error{KindOf(event.at("kind")), event.at("message"), event.at("hint")};
}

}  // namespace

Result<DbtEvent> ParseDbtEvent(std::string_view line) {
  try {
    return ToEvent(json::parse(line));
  } catch (const json::exception& error) {
    return Fail(ErrorKind::kFatal, fmt::format("dbt's worker said what nobody expected: {}: {}",
                                               EscapeControl(CutUtf8(line, 200)), error.what()));
  }
}

}  // namespace sluice
