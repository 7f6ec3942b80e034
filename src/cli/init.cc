#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/init_files.h"
#include "cli/output.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

// Nothing of the user's is overwritten: one file in the way stops all of it.
Status CheckFree(const fs::path& folder) {
  std::error_code error;
  for (const auto& file : InitFiles()) {
    if (!fs::exists(folder / file.path, error)) continue;
    return Fail(ErrorKind::kUsage, fmt::format("{} exists already", (folder / file.path).string()),
                "give an empty folder: sluice init my_project");
  }
  return {};
}

Status WriteFiles(const fs::path& folder) {
  for (const auto& file : InitFiles()) {
    const fs::path path = folder / file.path;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream out(path, std::ios::binary);
    out << file.content;
    out.flush();
    if (error || !out) {
      return Fail(ErrorKind::kUsage, fmt::format("cannot write {}", path.string()),
                  "choose a folder that you may write to");
    }
  }
  return {};
}

}  // namespace

int Init(const CommonArgs& common, const InitArgs& args) {
  const fs::path folder(args.folder);
  if (const Status free = CheckFree(folder); !free) return Failed(common, free.error());
  if (const Status written = WriteFiles(folder); !written) return Failed(common, written.error());
  if (common.json()) {
    nlohmann::json result{{"folder", args.folder}, {"files", nlohmann::json::array()}};
    for (const auto& file : InitFiles()) result["files"].push_back(file.path);
    Print(result.dump() + "\n");
    return 0;
  }
  std::string text = fmt::format("a project in {}:\n", args.folder);
  for (const auto& file : InitFiles()) text += fmt::format("  {}\n", file.path);
  text +=
      fmt::format("\nnext, in two terminals{}:\n  sluice run\n  sluice produce data/sample.csv\n",
                  args.folder == "." ? "" : fmt::format(" (cd {} first)", args.folder));
  Print(text);
  return 0;
}

}  // namespace sluice::cli
