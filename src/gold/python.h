#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/result.h"

namespace sluice {

/// Returns the folder that this program lies in.
std::string ProgramFolder();

/// Returns the interpreter that has dbt: `configured` when not empty, else $SLUICE_DBT_PYTHON, else
/// `.deps/dbt/bin/python` in one of the folders `below` or in one above it, else the interpreter of
/// the `dbt` on the PATH. FailsWith kInvalidConfig when there is none.
Result<std::string> FindDbtPython(const std::string& configured,
                                  std::span<const std::string> below);

/// Returns what of our environment a dbt process gets, as `NAME=value`: what programs need at all,
/// libpq's `PG…` and `DBT_…`, which is where a project's env_var() can look.
std::vector<std::string> DbtEnvironment();

}  // namespace sluice
