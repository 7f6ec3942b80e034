#include "cli/gold_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace sluice::cli {

std::string GoldLine(const BuildResult& build) {
  std::string line = fmt::format("gold built in {:.1f} s: {} models, {} tests", build.seconds,
                                 build.models, build.tests);
  if (build.ok && build.warned == 0) return line + ", all pass";
  line += fmt::format(", {} failed, {} in error, {} skipped, {} warned", build.failed,
                      build.errored, build.skipped, build.warned);
  for (const auto& node : build.nodes) {
    if (node.status != "fail" && node.status != "error") continue;
    line += fmt::format("\n  {} {}: {}", node.kind, node.name, EscapeControl(node.message));
  }
  return line;
}

nlohmann::json GoldJson(const BuildResult& build) {
  nlohmann::json json{{"ok", build.ok},           {"seconds", build.seconds},
                      {"models", build.models},   {"tests", build.tests},
                      {"passed", build.passed},   {"warned", build.warned},
                      {"failed", build.failed},   {"errored", build.errored},
                      {"skipped", build.skipped}, {"invocation_id", build.invocation_id}};
  for (const auto& node : build.nodes) {
    json["nodes"].push_back(
        {{"unique_id", node.unique_id},
         {"name", node.name},
         {"kind", node.kind},
         {"status", node.status},
         {"seconds", node.seconds},
         {"failures", node.failures ? nlohmann::json(*node.failures) : nlohmann::json()},
         {"message", node.message}});
  }
  return json;
}

}  // namespace sluice::cli
