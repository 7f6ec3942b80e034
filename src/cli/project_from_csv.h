#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace sluice::cli {

/// One file of a project that `sluice init` writes.
struct ProjectFile {
  std::string path;  ///< relative to the project's folder
  std::string content;
};

/// Returns a project for one CSV file: bronze with a column for each header name and the types that
/// its first 100,000 rows show, silver with plain names, an upsert when a column is a key, and a
/// dbt model. FailsWith kBadInput when the file is broken, with the line.
Result<std::vector<ProjectFile>> ProjectFromCsv(const std::string& csv);

}  // namespace sluice::cli
