#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "core/pause.h"
#include "source/embedded_broker.h"

namespace sluice::cli {

// The embedded broker in a process of its own, so that `sluice run` may die and come back.
int Broker(const CommonArgs& common, const BrokerArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  std::error_code ignored;  // Start says what is wrong with the folder
  std::filesystem::create_directories(spec->StateFolder(), ignored);
  const StopOnSignal stop;
  const auto broker =
      EmbeddedBroker::Start(spec->StateFolder(), spec->source.topic,
                            args.partitions > 0 ? args.partitions : spec->source.partitions);
  if (!broker) return Failed(common, broker.error());
  Print(fmt::format("{}\n", (*broker)->address().bootstrap));
  Tell(
      fmt::format("sluice: topic `{}` starts new and empty; it lives in memory until this process "
                  "ends (Ctrl-C)\n",
                  spec->source.topic));
  while (PauseFor(std::chrono::hours(1), stop.token())) continue;
  return 0;
}

}  // namespace sluice::cli
