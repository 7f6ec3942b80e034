#include "pipeline/rebuild.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/log.h"
#include "core/text.h"
#include "ledger/ledger.h"
#include "ledger/rebuild.h"
#include "ledger/schema.h"
#include "pipeline/rebuild_attempt.h"
#include "pipeline/stations.h"

namespace sluice {
namespace {

constexpr int kAttempts = 3;

Result<size_t> FindTable(const Spec& spec, const std::string& name) {
  std::vector<std::string> names;
  for (size_t i = 0; i < spec.silver.size(); ++i) {
    if (spec.silver[i].table.Full() == name) return i;
    names.push_back(spec.silver[i].table.Full());
  }
  if (name == spec.bronze.table.Full()) {
    return Fail(ErrorKind::kUsage, name + " is bronze: what arrived is never made again",
                "silver is: " + Join(names, ", "));
  }
  const std::string nearest = Nearest(name, names);
  return Fail(ErrorKind::kUsage, fmt::format("the pipeline has no silver table {}", name),
              nearest.empty() ? "it has " + Join(names, ", ") : "did you mean " + nearest + "?");
}

// The file must be the one that the ledger knows; nothing of it is written here.
Status CheckTransform(SqlSession& session, const Spec& spec) {
  SLUICE_TRY(session.Query("BEGIN"));
  Status known = RegisterPipeline(session, RegistrationOf(spec), OpenTransaction::kYes);
  if (session.IsAlive()) SLUICE_TRY(session.Query("ROLLBACK"));
  return known;
}

bool MayStartOver(const Error& error) {
  return error.kind == ErrorKind::kFenced && error.code != kRebuildRuns;
}

}  // namespace

Result<RebuildReport> RebuildTable(const Spec& spec, Services& services,
                                   const RebuildOptions& options, const RebuildEvents& events,
                                   std::stop_token stop) {
  SLUICE_ASSIGN(const size_t table, FindTable(spec, options.table));
  {
    SLUICE_ASSIGN(const auto session, services.database->Connect("sluice-rebuild"));
    SLUICE_ASSIGN(const bool ran, HasLedgerTables(*session));
    if (!ran) {
      return Fail(ErrorKind::kUsage, "this pipeline never ran: there is nothing to rebuild",
                  "start `sluice run`");
    }
    SLUICE_TRY(CheckTransform(*session, spec));
  }
  const std::string name = fmt::format("rebuild-{}", getpid());
  for (int attempt = 1;; ++attempt) {
    RebuildAttempt work(spec, services, {table, name, options}, events, stop);
    auto report = work.Execute();
    if (report || !MayStartOver(report.error()) || attempt == kAttempts) return report;
    events.on_restart(report.error().message);
  }
}

}  // namespace sluice
