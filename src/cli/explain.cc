#include "config/explain.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/output.h"
#include "core/text.h"

namespace sluice::cli {

int ExplainCode(const CommonArgs& common, const ExplainArgs& args) {
  if (args.code.empty()) {
    std::vector<std::vector<std::string>> rows;
    nlohmann::json json = nlohmann::json::array();
    for (const auto& code : AllCodes()) {
      rows.push_back({code, CodeName(code)});
      json.push_back({{"code", code}, {"name", CodeName(code)}});
    }
    Print(common.json() ? json.dump() + "\n" : Table({"CODE", "NAME"}, rows));
    return 0;
  }
  const auto text = Explain(args.code);
  if (!text) {
    const std::string nearest = Nearest(args.code, AllCodes());
    return Failed(common, {ErrorKind::kUsage, fmt::format("there is no code `{}`", args.code),
                           nearest.empty() ? "`sluice explain` lists all codes"
                                           : fmt::format("did you mean {}?", nearest)});
  }
  if (common.json()) {
    Print(
        nlohmann::json{{"code", args.code}, {"name", CodeName(args.code)}, {"text", *text}}.dump() +
        "\n");
  } else {
    Print(*text + (text->ends_with('\n') ? "" : "\n"));
  }
  return 0;
}

}  // namespace sluice::cli
