#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/output.h"

namespace sluice::cli {

std::string VersionText() {
  return SLUICE_VERSION;
}

int Version(const CommonArgs& common) {
  if (common.json()) {
    Print(nlohmann::json{{"sluice", SLUICE_VERSION},
                         {"libraries", nlohmann::json::parse(SLUICE_LIBRARIES)}}
              .dump() +
          "\n");
    return 0;
  }
  std::string text = fmt::format("sluice {}\n", SLUICE_VERSION);
  const auto libraries = nlohmann::json::parse(SLUICE_LIBRARIES);
  for (const auto& [name, version] : libraries.items()) {
    text += fmt::format("  {} {}\n", name, version.get<std::string>());
  }
  Print(text);
  return 0;
}

}  // namespace sluice::cli
