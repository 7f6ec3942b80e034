#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/maintenance_text.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/waiting.h"
#include "pipeline/lake_store.h"
#include "pipeline/services.h"
#include "pipeline/stations.h"

namespace sluice::cli {
namespace {

// PostgreSQL and the lake answer, the topic exists: what a run would find out first.
Status CheckServices(const Spec& spec, int64_t wait_s, std::stop_token stop) {
  const OpenOptions open = Waiting(wait_s, stop);
  SLUICE_ASSIGN(const Services services, OpenServices(spec, open));
  SLUICE_TRY(WaitFor("the lake", open, [&] { return ReachLake(spec, *services.store); }));
  if (spec.source.embedded) return {};
  SLUICE_ASSIGN(const BrokerUse broker, OpenBroker(spec, false));
  SLUICE_ASSIGN(const auto source, MakeSource(spec, broker, "sluice-validate"));
  return WaitFor("Kafka", open, [&]() -> Status {
    SLUICE_TRY(source->Identify(std::chrono::seconds(5)));
    return {};
  });
}

}  // namespace

int Validate(const CommonArgs& common, const ValidateArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  auto problems = CheckSql(*spec);
  if (!problems.empty()) return Failed(common, AboutFile(*spec, std::move(problems)));
  if (!args.offline) {
    const StopOnSignal stop;
    const Status services = CheckServices(*spec, args.wait_s, stop.token());
    if (!services) return Failed(common, services.error());
  }
  if (common.json()) {
    const nlohmann::json result{{"valid", true},
                                {"pipeline", spec->pipeline},
                                {"file", spec->file},
                                {"maintenance", MaintenanceJson(spec->maintenance)}};
    Print(result.dump() + "\n");
  } else {
    Print(fmt::format("{}: pipeline `{}` is fine{}\n", spec->file, spec->pipeline,
                      args.offline ? " (services not asked)" : ""));
  }
  return 0;
}

}  // namespace sluice::cli
