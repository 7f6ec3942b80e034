#pragma once

#include <string_view>
#include <vector>

namespace sluice::cli {

struct InitFile {
  std::string_view path;  ///< relative to the project's folder
  std::string_view content;
};

/// Returns the files of examples/init, as they were when this program was built.
const std::vector<InitFile>& InitFiles();

}  // namespace sluice::cli
