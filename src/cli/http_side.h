#pragma once

#include <memory>

#include "cli/args.h"
#include "config/spec.h"
#include "core/result.h"
#include "pipeline/status_board.h"
#include "serve/http_server.h"

namespace sluice::cli {

/// Returns the pipeline file's word with the command line's in its place. FailsWith kUsage.
Result<ServeSpec> ServeOf(const HttpArgs& args, const Spec& spec);

/// Where a run listens when nobody named an address.
ListenAddress DefaultListenAddress();

/// Starts to answer and logs where; returns null where it is off, or where nobody named an address
/// and another program has the default port, which is only logged. `board` outlives the server.
Result<std::unique_ptr<HttpServer>> StartHttp(const ServeSpec& serve, const Spec& spec,
                                              const StatusBoard& board);

}  // namespace sluice::cli
