#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/maintenance_text.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/waiting.h"
#include "core/text.h"
#include "ledger/ledger.h"
#include "ledger/report.h"
#include "ledger/schema.h"
#include "pipeline/dba_script.h"
#include "pipeline/lake_store.h"
#include "pipeline/services.h"
#include "pipeline/stations.h"
#include "postgres/server_facts.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct Planned {
  std::vector<TableChange> changes;
  std::vector<PositionReport> positions;
  bool has_ledger = false;
};

// A transaction that is never committed: what looks at tables cannot change them.
Result<Planned> MakePlan(const Spec& spec, Services& services, StationSet& stations) {
  SLUICE_ASSIGN(const auto session, services.database->Connect("sluice-plan"));
  Planned plan;
  SLUICE_ASSIGN(plan.has_ledger, HasLedgerTables(*session));
  SLUICE_ASSIGN(plan.changes, stations.lake->Plan(*session));
  if (stations.warehouse) {
    SLUICE_ASSIGN(auto more, stations.warehouse->Plan(*session));
    std::move(more.begin(), more.end(), std::back_inserter(plan.changes));
  }
  if (!plan.has_ledger) return plan;
  SLUICE_ASSIGN(plan.positions, ReadPositions(*session, spec.pipeline));
  SLUICE_TRY(session->Query("BEGIN"));
  const Status registered = RegisterPipeline(*session, RegistrationOf(spec), OpenTransaction::kYes);
  SLUICE_TRY(session->Query("ROLLBACK"));
  SLUICE_TRY(registered);
  return plan;
}

// Asks for no right that a role without any would lack: the statements are there to give them.
Result<std::string> MakeScript(const Spec& spec, const PlanArgs& args, Services& services,
                               StationSet& stations) {
  SLUICE_ASSIGN(const auto session, services.database->Connect("sluice-plan"));
  SLUICE_ASSIGN(const ServerFacts facts, ReadServerFacts(*session));
  std::vector<TableChange> changes;
  if (stations.warehouse) {
    SLUICE_ASSIGN(changes, stations.warehouse->Plan(*session));
  }
  std::erase_if(changes, [](const TableChange& change) { return change.action == "grant"; });
  const DbaRoles roles{facts.database, args.run_role.empty() ? facts.role : args.run_role,
                       args.read_role};
  return DbaScript(spec, roles, changes);
}

Status Accept(const Spec& spec, Services& services) {
  SLUICE_ASSIGN(const auto session, services.database->Connect("sluice-plan"));
  SLUICE_TRY(CreateLedgerTables(*session));
  Registration registration = RegistrationOf(spec);
  registration.accept_transform = true;
  return RegisterPipeline(*session, registration);
}

std::string AsText(const Spec& spec, const Planned& plan) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& change : plan.changes) {
    rows.push_back({change.table, change.action, EscapeControl(change.detail)});
  }
  std::string text =
      Table({"TABLE", "ACTION", "DETAIL"}, rows) + "\n" + MaintenanceLine(spec.maintenance);
  if (plan.positions.empty()) {
    constexpr std::string_view kStarts[] = {"earliest", "latest", "a time"};
    return text + fmt::format("first run: topic `{}` from {}\n", spec.source.topic,
                              kStarts[static_cast<size_t>(spec.source.start)]);
  }
  rows.clear();
  for (const auto& position : plan.positions) {
    rows.push_back({std::to_string(position.log.value), position.topic,
                    std::to_string(position.partition.value), std::string(Name(position.sink)),
                    std::to_string(position.next.value)});
  }
  return text + "\n" + Table({"LOG", "TOPIC", "PARTITION", "SINK", "STARTS AT"}, rows);
}

json AsJson(const Spec& spec, const Planned& plan) {
  json result{{"tables", json::array()},
              {"positions", json::array()},
              {"maintenance", MaintenanceJson(spec.maintenance)}};
  for (const auto& change : plan.changes) {
    result["tables"].push_back({{"table", change.table},
                                {"action", change.action},
                                {"detail", change.detail},
                                {"sql", change.sql}});
  }
  for (const auto& position : plan.positions) {
    result["positions"].push_back({{"log", position.log.value},
                                   {"topic", position.topic},
                                   {"partition", position.partition.value},
                                   {"sink", Name(position.sink)},
                                   {"next", position.next.value}});
  }
  return result;
}

}  // namespace

int Plan(const CommonArgs& common, const PlanArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const StopOnSignal stop;
  const OpenOptions open = Waiting(args.wait_s, stop.token());
  auto services = OpenServices(*spec, open);
  if (!services) return Failed(common, services.error());
  const Status reached =
      WaitFor("the lake", open, [&] { return ReachLake(*spec, *services->store); });
  if (!reached) return Failed(common, reached.error());
  auto stations = MakeStations(*spec, *services->store, "plan");
  if (!stations) return Failed(common, stations.error());
  if (args.accept) {
    const Status accepted = Accept(*spec, *services);
    if (!accepted) return Failed(common, accepted.error());
    Tell("sluice: the pipeline file's transform holds from the marks on\n");
  }
  if (args.sql) {
    const auto script = MakeScript(*spec, args, *services, *stations);
    if (!script) return Failed(common, script.error());
    Print(*script);
    return 0;
  }
  const auto plan = MakePlan(*spec, *services, *stations);
  if (!plan) return Failed(common, plan.error());
  Print(common.json() ? AsJson(*spec, *plan).dump() + "\n" : AsText(*spec, *plan));
  return 0;
}

}  // namespace sluice::cli
