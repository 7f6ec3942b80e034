#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "config/spec.h"
#include "core/result.h"
#include "pipeline/services.h"
#include "pipeline/status_board.h"
#include "pipeline/worker.h"

namespace sluice {

/// What a worker's lives share; all outlives them.
struct LifeContext {
  const Spec& spec;
  Services& services;
  const BrokerUse& broker;
  StatusBoard& board;
  std::function<void()> on_warehouse_commit;
};

/// Runs one worker, life after life, until `stop` or until no new life can help. Each life starts
/// with nothing but the ledger. Runs in the calling thread. Returns when everything read is
/// committed; FailsWith what ended it otherwise.
Status RunLives(const LifeContext& context, const WorkerOptions& options, std::stop_token stop);

}  // namespace sluice
