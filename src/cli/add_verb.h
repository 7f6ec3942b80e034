#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "cli/args.h"

namespace sluice::cli {

/// The verb that was named; run after the whole line is read.
using Chosen = std::function<int()>;

/// Adds a verb whose flags fill `args`; `run` is called with them when it is named.
template <typename Args>
CLI::App* AddVerb(CLI::App& parent, const char* name, const char* help, Chosen& chosen,
                  const CommonArgs& common, int (*run)(const CommonArgs&, const Args&),
                  std::shared_ptr<Args>& args) {
  args = std::make_shared<Args>();
  CLI::App* const verb = parent.add_subcommand(name, help);
  verb->fallthrough();
  verb->callback([&chosen, &common, run, args] {
    chosen = [&common, run, args] { return run(common, *args); };
  });
  return verb;
}

}  // namespace sluice::cli
