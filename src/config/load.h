#pragma once

#include <expected>
#include <string>

#include "config/diagnostic.h"
#include "config/environment.h"
#include "config/spec.h"
#include "core/result.h"

namespace sluice {

/// What the operator allowed by name on the command line.
struct LoadOptions {
  bool insecure_secret_files = false;  ///< `--insecure-secret-files`: others may read them
  bool insecure_tls = false;           ///< `--insecure-tls`: no proof who the server is
};

/// Reads and checks a pipeline file; touches nothing but it, the secret files it names and the
/// folder of the dbt project. Returns every problem of the file at once.
std::expected<Spec, Diagnostics> LoadSpec(const std::string& path, const Environment& environment,
                                          const LoadOptions& options = {});

/// Returns the path of `sluice.yml` in `start_folder` or the nearest folder above it. FailsWith
/// kInvalidConfig (E0102) when there is none.
Result<std::string> FindPipelineFile(const std::string& start_folder);

}  // namespace sluice
