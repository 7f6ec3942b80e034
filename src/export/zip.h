#pragma once

#include <string>

#include "export/json.h"

namespace sluice {

/// Returns a zip archive of the files, stored as they are, all with one fixed time: the same files
/// are the same bytes. Together below 4 GiB.
std::string ZipArchive(const Files& files);

}  // namespace sluice
