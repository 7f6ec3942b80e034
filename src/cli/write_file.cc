#include "cli/write_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "cli/output.h"
#include "core/types.h"

namespace sluice::cli {

Status WriteFile(const std::string& path, std::string_view content) {
  namespace fs = std::filesystem;
  if (path == "-") {
    Print(content);
    return {};
  }
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  const std::string fresh = fmt::format("{}.{}", path, Uuid::Random().value);
  std::ofstream file(fresh, std::ios::binary);
  file << content;
  file.close();
  if (file) fs::rename(fresh, path, error);
  if (!file || error) {
    std::error_code ignored;
    fs::remove(fresh, ignored);
    return Fail(ErrorKind::kUsage,
                fmt::format("{} cannot be written{}", path, error ? ": " + error.message() : ""));
  }
  return {};
}

}  // namespace sluice::cli
