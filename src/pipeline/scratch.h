#pragma once

#include <string>

namespace sluice {

/// A folder of our own below `parent`, with a name nobody else has; removed with all in it when
/// this object goes. What is written into a folder that could not be made fails with its own
/// message.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& parent);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace sluice
