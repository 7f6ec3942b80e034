#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/args.h"
#include "config/diagnostic.h"
#include "config/spec.h"
#include "core/error.h"

namespace sluice::cli {

/// Whether a stream (1: stdout, 2: stderr) is a terminal; colours only there, and not with
/// NO_COLOR.
bool IsTerminal(int stream);
bool UseColour(int stream);

/// Writes to stdout: data, in text or JSON.
void Print(std::string_view text);
/// Writes to stderr: what is for the person at the terminal.
void Tell(std::string_view text);

/// Prints a failure as `sluice: …` with its hint and code (JSON on stdout with -o json), and
/// returns its exit code.
int Failed(const CommonArgs& common, const Error& error);
int Failed(const CommonArgs& common, const Diagnostics& diagnostics);

/// Returns rows under headers, columns aligned by what a terminal shows; numbers to the right.
std::string Table(const std::vector<std::string>& headers,
                  const std::vector<std::vector<std::string>>& rows);

/// Finds, reads and checks the pipeline file; prints its problems and returns nothing when there
/// are any (`exit_code` says which).
std::optional<Spec> Load(const CommonArgs& common, int& exit_code);

}  // namespace sluice::cli
