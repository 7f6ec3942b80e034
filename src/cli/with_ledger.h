#pragma once

#include "cli/args.h"
#include "cli/output.h"
#include "cli/waiting.h"
#include "ledger/schema.h"
#include "pipeline/services.h"

namespace sluice::cli {

/// Loads the pipeline file, opens its services and hands them to
/// `body(const Spec&, Services&, SqlSession&)` → exit code. A pipeline that never ran has no
/// ledger: then `never_ran` is printed and 0 returned.
template <typename Body>
int WithLedger(const CommonArgs& common, std::string_view never_ran, Body&& body) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  auto services = OpenServices(*spec, Waiting(10));
  if (!services) return Failed(common, services.error());
  const auto session = services->database->Connect("sluice-quarantine");
  if (!session) return Failed(common, session.error());
  const auto ran = HasLedgerTables(**session);
  if (!ran) return Failed(common, ran.error());
  if (!*ran) {
    Print(never_ran);
    return 0;
  }
  return body(*spec, *services, **session);
}

}  // namespace sluice::cli
