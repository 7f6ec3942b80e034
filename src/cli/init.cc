#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/args.h"
#include "cli/init_files.h"
#include "cli/output.h"
#include "cli/project_from_csv.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

using Files = std::vector<ProjectFile>;

Result<Files> FilesOf(const InitArgs& args) {
  if (!args.from.empty()) return ProjectFromCsv(args.from);
  Files files;
  for (const auto& file : InitFiles()) {
    files.push_back({std::string(file.path), std::string(file.content)});
  }
  return files;
}

// Nothing of the user's is overwritten: one file in the way stops all of it.
Status CheckFree(const fs::path& folder, const Files& files) {
  std::error_code error;
  for (const auto& file : files) {
    if (!fs::exists(folder / file.path, error)) continue;
    return Fail(ErrorKind::kUsage, fmt::format("{} exists already", (folder / file.path).string()),
                "give an empty folder: sluice init my_project");
  }
  return {};
}

Status WriteFiles(const fs::path& folder, const Files& files) {
  for (const auto& file : files) {
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

std::string CsvSeenFrom(const fs::path& folder, const InitArgs& args) {
  if (args.from.empty()) return "data/sample.csv";
  std::error_code error;
  const fs::path relative = fs::relative(args.from, folder, error);
  return error ? args.from : relative.string();
}

}  // namespace

int Init(const CommonArgs& common, const InitArgs& args) {
  const fs::path folder(args.folder);
  const auto files = FilesOf(args);
  if (!files) return Failed(common, files.error());
  if (const Status free = CheckFree(folder, *files); !free) return Failed(common, free.error());
  if (const Status done = WriteFiles(folder, *files); !done) return Failed(common, done.error());
  if (common.json()) {
    nlohmann::json result{{"folder", args.folder}, {"files", nlohmann::json::array()}};
    for (const auto& file : *files) result["files"].push_back(file.path);
    Print(result.dump() + "\n");
    return 0;
  }
  std::string text = fmt::format("a project in {}:\n", args.folder);
  for (const auto& file : *files) text += fmt::format("  {}\n", file.path);
  if (!args.from.empty()) text += "\ncolumns, types and the key are a proposal: see sluice.yml\n";
  text += fmt::format("\nnext, in two terminals{}:\n  sluice run\n  sluice produce {}\n",
                      args.folder == "." ? "" : fmt::format(" (cd {} first)", args.folder),
                      CsvSeenFrom(folder, args));
  Print(text);
  return 0;
}

}  // namespace sluice::cli
