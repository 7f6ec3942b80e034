#include "pipeline/scratch.h"

#include <filesystem>

#include "core/types.h"

namespace sluice {

ScratchFolder::ScratchFolder(const std::string& parent)
    : path_(parent + "/scratch-" + Uuid::Random().value) {
  std::error_code ignored;  // see the header
  std::filesystem::create_directories(path_, ignored);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // a leftover is only disk space
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace sluice
