#pragma once

#include "cli/add_verb.h"

namespace sluice::cli {

/// Add the verbs that look after the lake's tables; `chosen` becomes the one that is named.
void AddTables(CLI::App& app, Chosen& chosen, const CommonArgs& common);
void AddMaintain(CLI::App& app, Chosen& chosen, const CommonArgs& common);
void AddRebuild(CLI::App& app, Chosen& chosen, const CommonArgs& common);

}  // namespace sluice::cli
